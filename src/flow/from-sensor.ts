import { Observable, share, type Subscriber } from "rxjs";
import { messageOf, type MoteqError, MoteqError as AnyMoteqError, show, type Timer } from "../base/index.ts";
import type { Sensor } from "../device/index.ts";
import { flowErrors } from "./errors.ts";
import type { SensorReading } from "./event.ts";
import type { Schedule } from "./schedule.ts";

/** How long a sensor may take at the most, in milliseconds. */
const longestWaitMs = 10_000;
/** How long after that a question counts as lost, so that another is asked, in milliseconds. */
const lostAfterMs = 60_000;
/** How many lost questions there may be: each may hold something, as a thread does that waits for the kernel. */
const mostLost = 3;

/** How a sensor is read. */
export interface FromSensorOptions<Sample, Value> {
  /** What the readings are called. */
  readonly id: string;
  /** Milliseconds from one reading to the next, more than 0. */
  readonly every: number;
  /** Says when. Sensors on one schedule wake the processor together. */
  readonly schedule: Schedule;
  /** Takes what is wanted out of a sample. Default: all of it. */
  readonly pick?: (sample: Sample) => Value;
  /** Says what is wrong with a value, if something is. That numbers are finite is always checked. */
  readonly check?: (value: Value) => string | undefined;
  /** How long a reading may take, in milliseconds. Default: `every`, but 10 s at the most. */
  readonly timeoutMs?: number;
}

/**
 * Readings of a sensor at equal intervals. Never ends and never fails: a sensor that throws, hangs, or gives what cannot
 * be gives a {@link SensorFault}, and is read again at its next time; one that hangs is asked again after a minute, three
 * times at the most until it has answered. However many subscribe, the sensor is read once;
 * it is not closed when the last one goes.
 *
 * @example
 * const lux = fromSensor(sensor, { id: "lux-1", every: 2000, schedule, pick: ({ illuminance }) => illuminance });
 *
 * @throws `flow/bad-option` when it is subscribed to
 */
export function fromSensor<Sample, Value = Sample>(
  sensor: Sensor<Sample>,
  options: FromSensorOptions<Sample, Value>,
): Observable<SensorReading<Value>> {
  return new Observable<SensorReading<Value>>((subscriber) => {
    const reader = new SensorReader(sensor, options, subscriber);
    const timer = options.schedule.every(options.every, () => reader.read());
    return () => {
      timer.cancel();
      reader.close();
    };
  }).pipe(share());
}

/** Says that a number is out of its range, both ends included. For `check`. */
export function outOfRange(minimum: number, maximum: number): (value: number) => string | undefined {
  return (value) =>
    value >= minimum && value <= maximum ? undefined : `${value} is not within ${minimum} … ${maximum}`;
}

class SensorReader<Sample, Value> {
  readonly #sensor: Sensor<Sample>;
  readonly #options: FromSensorOptions<Sample, Value>;
  readonly #subscriber: Subscriber<SensorReading<Value>>;
  /** The reading under way; another one is begun only behind it. */
  #underWay: object | undefined;
  #askedAt = 0;
  #lost = 0;
  #timeout: Timer | undefined;

  constructor(
    sensor: Sensor<Sample>,
    options: FromSensorOptions<Sample, Value>,
    subscriber: Subscriber<SensorReading<Value>>,
  ) {
    this.#sensor = sensor;
    this.#options = options;
    this.#subscriber = subscriber;
  }

  read(): void {
    const { clock } = this.#options.schedule;
    if (this.#underWay) {
      this.#fault("flow/sensor-hangs", "has not answered yet");
      const isLost = clock.monotonic() - this.#askedAt > lostAfterMs && this.#lost < mostLost;
      if (!isLost) return;
      this.#lost++;
    }
    const token = {};
    this.#underWay = token;
    this.#askedAt = clock.monotonic();
    const { every, timeoutMs = Math.min(every, longestWaitMs) } = this.#options;
    let answer: ReturnType<Sensor<Sample>["sample"]>;
    try {
      answer = this.#sensor.sample();
    } catch (error) {
      this.#underWay = undefined;
      this.#fail(error);
      return;
    }
    // One that answers in time is told of at the time when it was asked.
    const time = clock.now();
    let late = false;
    this.#timeout = clock.setTimer(timeoutMs, () => {
      late = true;
      this.#fault("flow/sensor-hangs", `did not answer within ${timeoutMs} ms`);
    });
    Promise.resolve(answer).then(
      (sample) => this.#settle(token, () => !late && this.#take(time, sample)),
      (error: unknown) => this.#settle(token, () => !late && this.#fail(error)),
    );
  }

  close(): void {
    this.#timeout?.cancel();
    this.#underWay = undefined;
  }

  #settle(token: object, act: () => void): void {
    if (this.#underWay !== token) {
      this.#lost--;
      return;
    }
    this.#underWay = undefined;
    this.#timeout?.cancel();
    act();
  }

  #take(time: number, sample: Sample | undefined): void {
    if (sample === undefined) return;
    const { id, pick = (all: Sample) => all as unknown as Value, check } = this.#options;
    let value: Value;
    let wrong: string | undefined;
    try {
      value = pick(sample);
      wrong = hasBadNumber(value) ? `${show(value)} is not a finite number` : check?.(value);
    } catch (error) {
      this.#fault("flow/bad-reading", `gave what cannot be read: ${messageOf(error)}`, error);
      return;
    }
    if (wrong === undefined) this.#subscriber.next({ id, time, value });
    else this.#fault("flow/bad-reading", `gave ${wrong}`);
  }

  #fail(error: unknown): void {
    this.#fault("flow/sensor-failed", `could not be read: ${messageOf(error)}`, error);
  }

  #fault(
    code: "flow/sensor-failed" | "flow/sensor-hangs" | "flow/bad-reading",
    what: string,
    cause?: unknown,
  ): void {
    const { id, schedule } = this.#options;
    const detail = cause instanceof AnyMoteqError ? { code: cause.code } : {};
    const fault: MoteqError = flowErrors.create(code, `the sensor ${id} ${what}`, { cause, detail });
    this.#subscriber.next({ id, time: schedule.clock.now(), fault });
  }
}

/** Whether a value is, or holds, a number that is none; objects within objects too. */
function hasBadNumber(value: unknown, depth = 0): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value !== "object" || value === null || depth > 4) return false;
  return Object.values(value).some((inner) => hasBadNumber(inner, depth + 1));
}
