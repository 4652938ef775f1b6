import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import {
  type BootRecord,
  decodeBootRecord,
  freshRecord,
  type ImageSlot,
  planBoot,
  slotForImage,
  Supervision,
  type SupervisionEffect,
  type SupervisionLimits,
} from "../../src/board/index.ts";

const limits: SupervisionLimits = {
  timeoutMs: 120_000,
  confirmMs: 180_000,
  hangMs: 30_000,
  failedBoots: 1,
  trialBoots: 2,
  revert: true,
};
const image = { sha256: "0".repeat(64), size: 1, signature: null };

/** A machine around a supervision, in virtual time: its disk, its agent, the broker. */
class Machine {
  now = 0;
  /** What is on its disk. */
  disk: BootRecord;
  supervision!: Supervision;
  running = false;
  brokerAnswers = true;
  readonly reports: string[] = [];
  readonly boots: string[] = [];
  /** Whether the agent of a boot feeds, given what boots. */
  feeds: (slot: string, mode: string) => boolean = () => true;
  damaged = new Set<ImageSlot>();
  #startAt: number | undefined;
  #probeAt: number | undefined;
  #feedAt = 0;
  readonly #limits: SupervisionLimits;

  constructor(own: Partial<SupervisionLimits> = {}, disk = freshRecord) {
    this.#limits = { ...limits, ...own };
    this.disk = disk;
    this.powerOn();
  }

  /** The supervisor starts, with what is on the disk. */
  powerOn(): void {
    this.running = false;
    this.#startAt = this.#probeAt = undefined;
    const isSound = (slot: ImageSlot) =>
      this.supervision.record.images[slot] !== null && !this.damaged.has(slot);
    this.supervision = new Supervision(
      decodeBootRecord(JSON.parse(JSON.stringify(this.disk))),
      this.#limits,
      isSound,
    );
    this.do(this.supervision.start());
  }

  do(effects: readonly SupervisionEffect[]): void {
    for (const effect of effects) {
      if (effect.do === "save") this.disk = effect.record;
      else if (effect.do === "start") this.#startAt = this.now + effect.afterMs;
      else if (effect.do === "probe") this.#probeAt = this.now + 1000;
      else if (effect.do === "report") this.reports.push(effect.cause);
      else if (effect.do === "stop") this.exit("signal SIGKILL");
    }
  }

  exit(how: string): void {
    if (!this.running) return;
    this.running = false;
    this.do(this.supervision.exited(this.now, how));
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 1000) {
      if (this.#startAt !== undefined && this.now >= this.#startAt) {
        this.#startAt = undefined;
        this.running = true;
        this.#feedAt = this.now;
        const { slot, mode } = this.supervision.boot;
        this.boots.push(`${slot} ${mode}`);
        this.do(this.supervision.started(this.now));
      }
      if (this.#probeAt !== undefined && this.now >= this.#probeAt) {
        this.#probeAt = undefined;
        this.do(this.supervision.probed(this.now, this.brokerAnswers));
      }
      if (this.running) this.supervision.beat(this.now);
      const { slot, mode } = this.supervision.boot;
      if (this.running && this.now >= this.#feedAt && this.brokerAnswers && this.feeds(slot, mode)) {
        this.#feedAt = this.now + limits.timeoutMs / 4;
        this.do(this.supervision.fed(this.now));
      }
      this.do(this.supervision.tick(this.now));
    }
  }

  get boot(): string {
    return this.boots.at(-1) ?? "";
  }
}

describe("a board's boots", () => {
  it("are confirmed when it was fed for long enough, and then count as well", () => {
    const machine = new Machine();
    machine.run(170_000);
    expect([machine.supervision.confirmed, machine.disk.failedBoots]).toEqual([false, 1]);
    machine.run(30_000);
    expect([machine.supervision.confirmed, machine.disk.failedBoots]).toEqual([true, 0]);
    machine.exit("exit code 1");
    machine.run(10_000);
    expect(machine.boots).toEqual(["factory normal", "factory normal"]);
    expect(machine.reports).toEqual(["exit code 1"]);
  });

  it("that fail lead into safe mode, and once confirmed there back to normal", () => {
    const machine = new Machine();
    machine.feeds = (_slot, mode) => mode === "safe";
    machine.run(150_000);
    expect(machine.boots).toEqual(["factory normal", "factory safe"]);
    expect(machine.reports).toEqual(["not fed for 121 s, though the broker answers"]);
    machine.feeds = () => true;
    machine.run(500_000);
    expect(machine.boots).toEqual(["factory normal", "factory safe", "factory normal"]);
    expect(machine.disk).toMatchObject({ failedBoots: 0, relapses: 0 });
  });

  it("may fail so often as is allowed", () => {
    const machine = new Machine({ failedBoots: 3 });
    machine.feeds = (_slot, mode) => mode === "safe";
    machine.run(420_000);
    expect(machine.boots).toEqual([...Array.from({ length: 3 }, () => "factory normal"), "factory safe"]);
  });

  it("hold safe mode longer each time that normal mode fails again", () => {
    const machine = new Machine();
    machine.feeds = (_slot, mode) => mode === "safe";
    machine.run(24 * 3600_000);
    const normal = machine.boots.filter((boot) => boot === "factory normal").length;
    // With the same span each time there would be more than 280.
    expect(normal).toBeLessThan(20);
    expect(machine.boot).toBe("factory safe");
  });

  it("that were interrupted by a power cut before they were confirmed count as failed", () => {
    const machine = new Machine();
    machine.run(10_000);
    machine.powerOn();
    machine.run(1000);
    expect(machine.boot).toBe("factory safe");
  });

  it("that somebody interrupted by a reset do not", () => {
    const machine = new Machine();
    machine.run(10_000);
    machine.do(machine.supervision.reset("normal"));
    machine.run(10_000);
    expect(machine.boots).toEqual(["factory normal", "factory normal"]);
    machine.do(machine.supervision.reset("safe"));
    machine.run(1000);
    expect(machine.boot).toBe("factory safe");
    machine.do(machine.supervision.reset("normal"));
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
  });

  it("of an agent that hangs are ended, and said to be", () => {
    const machine = new Machine();
    machine.run(5000);
    machine.now += 31_000;
    machine.do(machine.supervision.tick(machine.now));
    expect(machine.reports).toEqual(["the agent hung for 32 s"]);
  });
});

describe("a broker that is away", () => {
  it("for a day costs no boot and leads to no safe mode: before the first boot, during one, and after", () => {
    const machine = new Machine();
    machine.brokerAnswers = false;
    machine.run(24 * 3600_000);
    machine.brokerAnswers = true;
    machine.run(600_000);
    expect(machine.boots).toEqual(["factory normal"]);
    expect(machine.supervision.confirmed).toBe(true);
    machine.brokerAnswers = false;
    machine.run(24 * 3600_000);
    expect(machine.boots).toEqual(["factory normal"]);
    machine.brokerAnswers = true;
    machine.run(600_000);
    expect([machine.boots, machine.reports]).toEqual([["factory normal"], []]);
  });

  it("while the power is cut leads to no safe mode either", () => {
    const machine = new Machine();
    machine.brokerAnswers = false;
    machine.run(300_000);
    machine.powerOn();
    machine.run(300_000);
    expect(machine.boots).toEqual(["factory normal", "factory normal"]);
  });

  it("does not hide a board that cannot be reached: that is started again", () => {
    const machine = new Machine();
    machine.brokerAnswers = false;
    machine.run(600_000);
    machine.brokerAnswers = true;
    machine.feeds = (_slot, mode) => mode === "safe";
    machine.run(60_000);
    expect(machine.reports).toHaveLength(1);
  });
});

function withImage(own: Partial<SupervisionLimits> = {}): Machine {
  const machine = new Machine(own);
  machine.run(200_000);
  machine.do(machine.supervision.vacate("a"));
  machine.do(machine.supervision.stage("a", image));
  machine.do(machine.supervision.reset("normal"));
  return machine;
}

describe("a new image", () => {
  it("is booted, and stays once it is confirmed", () => {
    const machine = withImage();
    machine.run(200_000);
    expect(machine.boot).toBe("a normal");
    expect(machine.disk).toMatchObject({ active: "a", trial: null });
    expect(slotForImage(machine.disk, "a")).toBe("b");
    machine.powerOn();
    machine.run(1000);
    expect(machine.boot).toBe("a normal");
  });

  it("that is not manageable is left, for what ran before", () => {
    const machine = withImage();
    machine.feeds = (slot) => slot !== "a";
    machine.run(600_000);
    expect(machine.boots).toEqual(["factory normal", "a normal", "a normal", "factory normal"]);
    expect(machine.disk).toMatchObject({ active: "factory", trial: null });
    expect(machine.disk.note).toMatch(/not manageable; went back to factory/);
  });

  it("that ends at once is left too", () => {
    const machine = withImage();
    for (let second = 0; second < 60; second++) {
      machine.run(1000);
      if (machine.running && machine.boot === "a normal") machine.exit("exit code 1");
    }
    expect(machine.boot).toBe("factory normal");
  });

  it("that may keep the board from the broker is left although the broker does not answer", () => {
    const machine = withImage();
    machine.feeds = (slot) => slot !== "a";
    machine.run(1000);
    machine.brokerAnswers = false;
    machine.run(1_200_000);
    expect(machine.boot).toBe("factory normal");
    machine.brokerAnswers = true;
    machine.run(600_000);
    expect(machine.boots.filter((boot) => boot.endsWith("safe"))).toEqual([]);
  });

  it("that is damaged is not booted", () => {
    const machine = new Machine();
    machine.run(200_000);
    machine.do(machine.supervision.stage("b", image));
    machine.damaged.add("b");
    machine.do(machine.supervision.reset("normal"));
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
    expect(machine.disk.note).toMatch(/damaged/);
  });

  it("that was confirmed and is damaged later gives way to what was installed", () => {
    const machine = withImage();
    machine.run(300_000);
    machine.damaged.add("a");
    machine.powerOn();
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
  });

  it("never goes to the slot that is gone back to", () => {
    for (const active of ["factory", "a", "b"] as const) {
      for (const running of ["factory", "a", "b"] as const) {
        const slot = slotForImage({ ...freshRecord, active }, running);
        expect(slot).not.toBe(active);
        if (active === "factory") expect(slot).not.toBe(running);
      }
    }
  });
});

describe("a machine whose power is cut at random", () => {
  it("is manageable again within the watchdog's time, each of 500 times, whatever its images do", () => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    const random = createSeededRandom(seed);
    const machine = new Machine();
    const bad = new Set<string>();
    machine.feeds = (slot, mode) => mode === "safe" || !bad.has(slot);
    for (let round = 0; round < 500; round++) {
      const { record } = machine.supervision;
      const running = machine.supervision.boot.slot;
      if (random.next() < 0.5) {
        const slot = slotForImage(record, running);
        machine.do(machine.supervision.vacate(slot));
        if (random.next() < 0.8) {
          bad[random.next() < 0.5 ? "add" : "delete"](slot);
          machine.damaged[random.next() < 0.1 ? "add" : "delete"](slot);
          machine.do(machine.supervision.stage(slot, image));
        }
      }
      if (random.next() < 0.3) machine.do(machine.supervision.reset(random.next() < 0.5 ? "normal" : "safe"));
      machine.run(randomInteger(random, 0, 400) * 1000);
      machine.powerOn();
      // What is tried may fail so often as it may, each for one watchdog's time; then something manageable runs.
      machine.run((limits.trialBoots + 1) * (limits.timeoutMs + 3000));
      const { slot, mode } = machine.supervision.boot;
      const state = `seed ${seed}, round ${round}: ${slot} ${mode}`;
      expect([machine.running && machine.feeds(slot, mode), state]).toEqual([true, state]);
    }
  });
});

describe("a record of boots", () => {
  it("that makes no sense is a fresh one", () => {
    for (const value of [
      undefined,
      null,
      7,
      "x",
      [],
      { active: "c", trial: { slot: "x" }, images: 3, failedBoots: -1, next: 1 },
    ]) {
      expect(decodeBootRecord(value)).toEqual(freshRecord);
    }
  });

  it("comes back as it was written", () => {
    const { record } = planBoot(
      { ...freshRecord, trial: { slot: "b", boots: 1 }, images: { a: null, b: image } },
      limits,
      () => true,
    );
    expect(decodeBootRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });
});
