import { createSeededRandom, type Random, randomInteger } from "../../src/base/index.ts";
import { ClimateApplication, createClimateWill } from "../../src/climate/index.ts";
import { Ssd1306Display } from "../../src/device/index.ts";
import { connect } from "../../src/mqtt/index.ts";
import { SimulatedOutput, SimulatedSensor, Ssd1306Chip, type VirtualClock } from "../../src/virtual/index.ts";
import { createMemoryBroker, createNodeClock, type MemoryBroker } from "../support/memory-broker.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** What came of some months. */
export interface MonthsReport {
  /** Readings that the sensor gave. */
  readonly taken: number;
  /** Readings that the broker got. */
  readonly received: number;
  /** The first reading that came out of its turn, or twice; `undefined` if none did. */
  readonly firstWrong: string | undefined;
  readonly dropped: number;
  readonly isLit: boolean;
  readonly wanted: boolean;
  /** Whether the display shows at the end what was drawn. */
  readonly isShown: boolean;
  readonly faults: Readonly<Record<string, number>>;
  readonly heapMegabytes: readonly number[];
}

/**
 * The application through days of trouble, all of it from a seed: WiFi lost without a word, connections cut, the broker
 * restarted, sensor, LED and display pulled off and put back, a sensor that hangs, clock steps, senseless commands.
 *
 * @param measureHeap is asked at the end of each tenth of the time
 */
export async function liveThroughMonths(options: {
  readonly days: number;
  readonly seed: number;
  readonly measureHeap?: () => number;
}): Promise<MonthsReport> {
  const clock = createNodeClock();
  const random = createSeededRandom(options.seed);
  const broker = await createMemoryBroker();
  let taken = 0;
  // Each reading is known by its number, which the temperature carries.
  const sensor = new SimulatedSensor(() => ({
    thermometer: { temperature: (taken++ % 10_000) / 100 },
    hygrometer: { humidity: 0.5 },
  }));
  const [led, chip] = [new SimulatedOutput(), new Ssd1306Chip()];
  const display = new Ssd1306Display({ i2c: chip });

  let received = 0;
  let firstWrong: string | undefined;
  broker.aedes.on("publish", ({ topic, payload }, from) => {
    if (!from || topic !== "testincr") return;
    const expected = (received++ % 10_000) / 100;
    const { temperature } = JSON.parse(payload.toString()) as { temperature: number };
    if (temperature !== expected) firstWrong ??= `number ${received - 1} is ${temperature}, not ${expected}`;
  });

  let application: ClimateApplication | undefined = undefined;
  const settings = { format: "json", qos: 2, everyMs: minute } as const;
  const link = connect({
    open: broker.open,
    clock,
    random: createSeededRandom(options.seed + 1),
    clientId: "climate",
    clean: false,
    will: createClimateWill(settings),
    onStatus: (status) => application?.brokerStatus(status),
  });
  application = new ClimateApplication({ link, clock, sensor, led, display, options: settings });
  application.start();

  const trouble = new Trouble(clock, random, broker, { sensor, led, chip });
  trouble.start();
  const heapMegabytes: number[] = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    await clock.advance((options.days * day) / 10);
    if (options.measureHeap) heapMegabytes.push(options.measureHeap());
  }
  trouble.end();
  await clock.advance(hour);
  const { dropped } = application.counts;
  const isShown =
    chip.isOn && chip.picture.bytes.every((byte, index) => byte === display.canvas.bytes[index]);
  await clock.runUntil(application.close());
  // The reading that was taken last may still be on its way.
  await clock.advance(minute);
  await clock.runUntil(link.close());
  await broker[Symbol.asyncDispose]();
  const isLit = led.value === 1;
  return {
    taken,
    received,
    firstWrong,
    dropped,
    isLit,
    wanted: trouble.wanted,
    isShown,
    faults: trouble.counts,
    heapMegabytes,
  };
}

/** Everything that goes wrong; each kind by itself, so that they overlap in every order. */
class Trouble {
  readonly counts: Record<string, number> = {};
  /** What the last command that meant something wanted of the LED. */
  wanted = false;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #broker: MemoryBroker;
  readonly #devices: { sensor: SimulatedSensor<unknown>; led: SimulatedOutput; chip: Ssd1306Chip };
  /** How many reasons there are for the broker to be out of reach. */
  #away = 0;
  /** What ends the troubles that there are. */
  readonly #underWay = new Set<() => void>();
  #ended = false;

  constructor(
    clock: VirtualClock,
    random: Random,
    broker: MemoryBroker,
    devices: { sensor: SimulatedSensor<unknown>; led: SimulatedOutput; chip: Ssd1306Chip },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#broker = broker;
    this.#devices = devices;
  }

  start(): void {
    const { sensor, led, chip } = this.#devices;
    this.#every("WiFi lost", 12 * hour, [minute, 12 * hour], () => {
      // Nobody is told: the link stands, and nothing passes.
      for (const pair of this.#broker.pairs.splice(0)) pair.freeze();
      return this.#goAway();
    });
    this.#every("connection cut", 5 * hour, [0, 0], () => this.#cut());
    this.#every("broker restarted", 2 * day, [10_000, 2 * minute], () => {
      this.#cut();
      return this.#goAway();
    });
    this.#every("sensor unplugged", day, [minute, 3 * hour], () => {
      sensor.mood = "unplugged";
      return () => (sensor.mood = "well");
    });
    this.#every("sensor hangs", 3 * day, [minute, hour], () => {
      sensor.mood = "hanging";
      return () => (sensor.mood = "well");
    });
    this.#every("display unplugged", day, [minute, 3 * hour], () => {
      chip.unplug();
      return () => chip.plug();
    });
    this.#every("LED unplugged", 2 * day, [minute, hour], () => {
      led.plugged = false;
      return () => (led.plugged = true);
    });
    this.#every("clock stepped", 3 * day, [0, 0], () =>
      this.#clock.step(randomInteger(this.#random, -hour, hour)),
    );
    this.#every("command", 2 * hour, [0, 0], () => this.#command());
  }

  /** Everything is well from now on. */
  end(): void {
    this.#ended = true;
    for (const stop of this.#underWay) stop();
  }

  #every(
    name: string,
    meanMs: number,
    [shortest, longest]: readonly [number, number],
    begin: () => (() => void) | void,
  ): void {
    this.counts[name] = 0;
    const next = () => this.#clock.setTimer(-Math.log(1 - this.#random.next()) * meanMs, strike);
    const strike = () => {
      if (this.#ended) return;
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      const repair = begin();
      if (repair) {
        const stop = () => {
          if (this.#underWay.delete(stop)) repair();
        };
        this.#underWay.add(stop);
        this.#clock.setTimer(randomInteger(this.#random, shortest, longest), stop);
      }
      next();
    };
    next();
  }

  #cut(): void {
    for (const pair of this.#broker.pairs.splice(0)) pair.cut();
  }

  #goAway(): () => void {
    this.#away++;
    this.#broker.isAway = true;
    return () => {
      this.#away--;
      this.#broker.isAway = this.#away > 0;
    };
  }

  /** The broker keeps commands for a board that is away, as it does for any session. */
  #command(): void {
    const word = ["on", "off", "blink", ""][randomInteger(this.#random, 0, 3)] ?? "";
    if (word === "on" || word === "off") this.wanted = word === "on";
    const packet = {
      cmd: "publish",
      topic: "output",
      payload: Buffer.from(word),
      qos: 1,
      retain: false,
      dup: false,
    };
    this.#broker.aedes.publish(packet as never, () => {});
  }
}
