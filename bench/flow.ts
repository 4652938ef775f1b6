import type { Clock } from "moteq/base";
import { formatEvent, fromSensor, onlyEvents, Schedule, slidingMean, toMqtt } from "moteq/flow";
import { connect } from "moteq/mqtt";
import { VirtualClock } from "moteq/virtual";
import { filter } from "rxjs";
import { measure, type Run, startBroker, window } from "./load.js";
import { type Benchmark, inTurns, type Measurement, summarize } from "./measurement.js";

const messages = 50_000;
const rounds = 7;
const month = 30 * 86_400_000;

/** From the sensor to the broker, against the client alone; and what the schedule keeps. */
export const flow: Benchmark = {
  name: "flow",
  description: "events a second from a sensor to MQTT, against the client publishing directly; the schedule",
  async run(progress) {
    return [...(await measureEvents(progress)), await measureDrift(progress), await measureWakeUps()];
  },
};

async function measureEvents(progress: (line: string) => void): Promise<Measurement[]> {
  const broker = await startBroker();
  try {
    progress(`${rounds} rounds of ${messages} events`);
    await measureFlow(broker.url);
    const { ours, peer } = await inTurns(
      rounds,
      () => measureFlow(broker.url),
      () => measureDirect(broker.url),
    );
    return [
      summarize(
        "events from a sensor through three operators to MQTT, QoS 1",
        "1/s",
        ours.map(({ rate }) => rate),
        peer.map(({ rate }) => rate),
        { of: "ratio", atLeast: 0.7 },
      ),
      summarize(
        "processor time of an event",
        "µs",
        ours.map(({ cpu }) => cpu),
        peer.map(({ cpu }) => cpu),
      ),
    ];
  } finally {
    broker.stop();
  }
}

/** A clock that goes on a millisecond when it is told to: readings come as fast as they are taken. */
class SteppedClock implements Clock {
  #time = 1_795_174_724_000;
  readonly #timers = new Set<{ readonly due: number; readonly callback: () => void }>();

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { due: this.#time + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  step(): void {
    this.#time++;
    for (const timer of this.#timers) {
      if (timer.due > this.#time) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

async function measureFlow(url: string): Promise<Run> {
  const client = connect(url, { offlineLimit: 2 * window });
  await client.ready();
  const clock = new SteppedClock();
  let value = 0;
  const sensor = { sample: () => (value = (value + 1) % 1000), close() {} };
  const readings = fromSensor(sensor, { id: "lux-1", every: 1, schedule: new Schedule({ clock }) });
  const sink = toMqtt(client, "bench/flow", { window });
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const subscription = readings
    .pipe(
      onlyEvents(),
      slidingMean(5),
      filter((event) => event.value >= 0),
    )
    .subscribe(sink);
  const settled = Promise.resolve();
  while (sink.counts.accepted < messages) {
    // As in the direct run: filled up again when half of it is done.
    if (sink.waiting > window / 2) await new Promise(setImmediate);
    else {
      while (sink.waiting < window && sink.counts.accepted < messages) {
        clock.step();
        // The reading comes in the next turn of the microtask queue.
        await settled;
        await settled;
      }
    }
  }
  subscription.unsubscribe();
  sink.complete();
  await sink.done;
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await client.close();
  return { rate: sink.counts.written / seconds, cpu: (user + system) / sink.counts.written };
}

async function measureDirect(url: string): Promise<Run> {
  const client = connect(url, { offlineLimit: 2 * window });
  await client.ready();
  const payload = formatEvent({ id: "lux-1", time: 1_795_174_724_020, value: 284.1 });
  const run = await measure(messages, (done) => {
    void client.publish("bench/direct", payload, { qos: 1 }).finally(done);
  });
  await client.close();
  return run;
}

/** How far the last second of a month is from where it should be, though each timer goes off 0 to 9 ms late. */
async function measureDrift(progress: (line: string) => void): Promise<Measurement> {
  progress("a month of seconds");
  const clock = new VirtualClock({ settle: () => Promise.resolve() });
  let timers = 0;
  let lateMs = 0;
  let runs = 0;
  let lastStart = 0;
  const late: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimer(delayMs, callback) {
      const own = (timers++ * 7) % 10;
      return clock.setTimer(delayMs + own, () => {
        lateMs = own;
        callback();
      });
    },
  };
  new Schedule({ clock: late }).every(1000, () => {
    runs++;
    // What this one timer was late is no drift, unless the next one is late for it.
    lastStart = clock.monotonic() - lateMs;
  });
  await clock.advance(month + 10);
  const drift = Math.abs(lastStart - (runs - 1) * 1000);
  return summarize("drift of a one-second schedule in a month", "ms", [drift], undefined, {
    of: "ours",
    atMost: 0,
  });
}

async function measureWakeUps(): Promise<Measurement> {
  const ours = await wakeUpsOf([2000, 4000, 6000, 60_000]);
  return summarize(
    "wake-ups in a month of periods 2, 4, 6 and 60 s, against 2 s",
    "",
    [ours],
    [await wakeUpsOf([2000])],
    {
      of: "ratio",
      atMost: 1,
    },
  );
}

async function wakeUpsOf(periods: readonly number[]): Promise<number> {
  const clock = new VirtualClock({ settle: () => Promise.resolve() });
  const schedule = new Schedule({ clock });
  for (const period of periods) schedule.every(period, () => {});
  await clock.advance(month);
  return schedule.wakeUps;
}
