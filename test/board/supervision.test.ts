import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import { decodeBootRecord, freshRecord, planBoot, slotForImage } from "../../src/board/index.ts";
import { image, limits, Machine, withImage } from "./boot-machine.ts";

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

  it("are reported as what they were, not as what comes next", () => {
    const machine = new Machine();
    machine.run(5000);
    machine.exit("exit code 1");
    machine.run(5000);
    expect(machine.boots).toEqual(["factory normal", "factory safe"]);
    expect(machine.reported).toEqual(["factory normal"]);
  });

  it("that a soft reset begins anew stay counted: the one that fails then leads into safe mode", () => {
    const machine = new Machine();
    machine.run(10_000);
    machine.do(machine.supervision.reset("soft"));
    machine.run(5000);
    expect([machine.boot, machine.disk.failedBoots]).toEqual(["factory normal", 1]);
    machine.exit("exit code 1");
    machine.run(5000);
    expect(machine.boot).toBe("factory safe");
  });

  it("that the end of the whole board interrupts do not count", () => {
    const machine = new Machine();
    machine.run(10_000);
    machine.do(machine.supervision.end());
    machine.powerOn();
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
  });

  it("that the end of the whole board comes before do not count either: it ended between two agents", () => {
    const machine = new Machine();
    machine.run(200_000);
    machine.exit("signal SIGKILL");
    machine.do(machine.supervision.end());
    expect(machine.disk.failedBoots).toBe(0);
    machine.powerOn();
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
  });

  it("are taken off once, though there are several reasons", () => {
    const machine = new Machine({ failedBoots: 3 });
    machine.run(10_000);
    machine.powerOn();
    machine.brokerAnswers = false;
    machine.run(300_000);
    expect(machine.disk.failedBoots).toBe(1);
    machine.do(machine.supervision.reset("soft"));
    machine.run(300_000);
    machine.do(machine.supervision.end());
    expect(machine.disk.failedBoots).toBe(1);
  });

  it("in safe mode last until nothing is coming in any more", () => {
    const machine = new Machine();
    machine.run(1000);
    machine.do(machine.supervision.reset("safe"));
    machine.busy = true;
    machine.run(900_000);
    expect([machine.boot, machine.supervision.confirmed]).toEqual(["factory safe", true]);
    machine.busy = false;
    machine.run(5000);
    expect(machine.boot).toBe("factory normal");
  });

  it("in safe mode last for good where that is wanted", () => {
    const machine = new Machine({ revert: false });
    machine.run(1000);
    machine.do(machine.supervision.reset("safe"));
    machine.run(24 * 3600_000);
    expect([machine.boot, machine.supervision.confirmed]).toEqual(["factory safe", true]);
  });

  it("of an agent that ends at once, again and again, come after half a minute in the end", () => {
    const machine = new Machine();
    for (let second = 0; second < 3600; second++) {
      machine.run(1000);
      machine.exit("exit code 1");
    }
    expect(machine.boots.length).toBeGreaterThan(100);
    expect(machine.boots.length).toBeLessThan(140);
  });

  it("of an agent that hangs are ended, and said to be", () => {
    const machine = new Machine();
    machine.run(5000);
    machine.beats = false;
    machine.run(31_000);
    expect(machine.reports).toEqual(["the agent hung for 31 s"]);
  });

  it("of an agent whose beats wait because the supervisor itself did not run are not ended", () => {
    const machine = new Machine();
    machine.run(200_000);
    machine.now += 3600_000;
    // Timers come before what waits in the pipe.
    machine.do(machine.supervision.tick(machine.now));
    expect(machine.reports).toEqual([]);
    machine.beats = false;
    machine.run(40_000);
    expect(machine.reports).toEqual(["the agent hung for 31 s"]);
  });

  it("of an agent whose feeds wait for the same reason are not doubted", () => {
    const machine = new Machine();
    machine.run(85_000);
    machine.now += 3600_000;
    machine.do(machine.supervision.tick(machine.now));
    // Nobody asks the broker, and nothing is held against the agent: it is confirmed when it was watched for long enough.
    machine.run(60_000);
    expect([machine.supervision.confirmed, machine.probes]).toEqual([false, 0]);
    machine.run(90_000);
    expect([machine.supervision.confirmed, machine.probes]).toEqual([true, 0]);
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

  it("for a day leaves a new image that has been confirmed as it is", () => {
    const machine = withImage();
    machine.run(200_000);
    expect(machine.supervision.confirmed).toBe(true);
    machine.brokerAnswers = false;
    machine.run(24 * 3600_000);
    expect([machine.boot, machine.reports]).toEqual(["a normal", []]);
  });

  it("excuses the boot that it keeps from being confirmed, and none of those before", () => {
    const machine = new Machine({ failedBoots: 4 });
    machine.run(10_000);
    machine.powerOn();
    machine.run(10_000);
    machine.powerOn();
    machine.brokerAnswers = false;
    machine.run(24 * 3600_000);
    expect([machine.boot, machine.disk.failedBoots]).toEqual(["factory normal", 2]);
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
      // What is tried may fail so often as it may, and what ran before once more, each for one watchdog's time; then something manageable runs.
      machine.run((limits.trialBoots + 2) * (limits.timeoutMs + 3000));
      const { slot, mode } = machine.supervision.boot;
      const state = `seed ${seed}, round ${round}: ${slot} ${mode}`;
      expect([machine.running && machine.feeds(slot, mode), state]).toEqual([true, state]);
    }
  });
});

describe("safe mode", () => {
  it("is said while it lasts, and no longer", () => {
    const machine = new Machine();
    const note = () => machine.supervision.state.note;
    machine.run(200_000);
    machine.do(machine.supervision.reset("safe"));
    machine.run(5000);
    expect(note()).toBe("safe mode, as asked for");
    machine.do(machine.supervision.reset("normal"));
    machine.run(5000);
    expect(note()).toBeNull();
    machine.exit("exit code 1");
    machine.run(5000);
    expect(note()).toBe("safe mode: a boot was not confirmed");
    machine.run(190_000);
    expect([machine.boot, note()]).toEqual(["factory normal", "safe mode was confirmed manageable"]);
    machine.run(200_000);
    expect(note()).toBeNull();
  });

  it("that is booted again, or gets an image, is one relapse", () => {
    const machine = new Machine();
    machine.run(5000);
    machine.exit("exit code 1");
    for (let round = 0; round < 5; round++) {
      machine.run(5000);
      machine.do(machine.supervision.stage("a", image));
      machine.do(machine.supervision.vacate("a"));
      machine.exit("exit code 1");
    }
    expect([machine.supervision.boot.mode, machine.disk.relapses]).toEqual(["safe", 1]);
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
      { images: { a: { ...image, sha256: "../x" }, b: { size: 1 } } },
    ]) {
      expect(decodeBootRecord(value)).toEqual(freshRecord);
    }
  });

  it("comes back as it was written", () => {
    const { record } = planBoot(
      { ...freshRecord, trial: { slot: "b", boots: 1 }, images: { a: null, b: image } },
      limits,
      () => "sound",
    );
    expect(decodeBootRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });
});
