import { describe, expect, it } from "vitest";
import { freshRecord, slotForImage, unreadRecord } from "../../src/board/index.ts";
import { image, Machine, other, withImage } from "./boot-machine.ts";

describe("a new image", () => {
  it("is said to wait, to be tried, and to be confirmed, each while it is so", () => {
    const machine = new Machine();
    const note = () => machine.supervision.state.note;
    machine.run(200_000);
    machine.do(machine.supervision.stage("a", image));
    expect(note()).toBe("a new image is in slot a; the next boot tries it");
    machine.do(machine.supervision.reset("normal"));
    machine.run(5000);
    expect(note()).toBe("the new image in slot a is being tried");
    machine.run(200_000);
    expect(note()).toBe("the new image in slot a was confirmed");
  });

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
    expect(machine.supervision.state.note).toMatch(/not manageable; went back to factory/);
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

  it("that another one replaces in its slot while it is tried is never what is gone back to", () => {
    const machine = withImage();
    machine.run(200_000);
    const tried = { ...image, sha256: "b".repeat(64) };
    for (const one of [tried, other]) {
      machine.do(machine.supervision.vacate("b"));
      machine.do(machine.supervision.stage("b", one));
      if (one === tried) machine.do(machine.supervision.reset("normal"));
      machine.run(5000);
    }
    // What is confirmed now is not what the slot holds.
    machine.run(200_000);
    expect(machine.supervision.confirmed).toBe(true);
    expect(machine.disk).toMatchObject({
      active: "a",
      trial: { slot: "b", boots: 0 },
      images: { b: other },
      event: { what: "staged", slot: "b" },
    });
    machine.feeds = (slot) => slot !== "b";
    machine.do(machine.supervision.reset("soft"));
    machine.run(1000);
    // Nor is it started again softly, since it is not there any more.
    expect(machine.supervision.boot).toMatchObject({ slot: "b", image: other.sha256 });
    machine.run(600_000);
    expect(machine.boot).toBe("a normal");
  });

  it("waits for the next boot, though the one before it is confirmed meanwhile", () => {
    const machine = withImage();
    machine.run(5000);
    machine.do(machine.supervision.vacate("b"));
    machine.do(machine.supervision.stage("b", other));
    machine.run(200_000);
    expect(machine.disk).toMatchObject({ active: "a", trial: { slot: "b", boots: 0 } });
  });

  it("is forgotten where what runs is to stay: a confirmed image, or one that is still tried", () => {
    for (const confirmedMs of [200_000, 5000]) {
      const machine = withImage();
      machine.run(confirmedMs);
      machine.do(machine.supervision.vacate("b"));
      machine.do(machine.supervision.stage("b", other));
      machine.do(machine.supervision.keep());
      machine.do(machine.supervision.reset("normal"));
      machine.run(200_000);
      expect([machine.boot, machine.disk.active, machine.disk.trial]).toEqual(["a normal", "a", null]);
    }
  });

  it("that was replaced cannot stay", () => {
    const machine = withImage();
    machine.run(200_000);
    for (const one of [{ ...image, sha256: "b".repeat(64) }, other]) {
      machine.do(machine.supervision.vacate("b"));
      machine.do(machine.supervision.stage("b", one));
      if (one !== other) machine.do(machine.supervision.reset("normal"));
      machine.run(5000);
    }
    machine.do(machine.supervision.keep());
    expect(machine.disk.trial).toEqual({ slot: "b", boots: 0 });
  });

  it("whose news could not be written is not booted", () => {
    const machine = new Machine();
    machine.run(200_000);
    const { record } = machine.supervision;
    // The disk is full: nothing of it is saved, and whoever sent it is refused.
    machine.supervision.stage("a", image);
    machine.do(machine.supervision.takeBack(record));
    expect(machine.supervision.state.note).toBeNull();
    machine.do(machine.supervision.reset("normal"));
    machine.run(5000);
    expect(machine.boot).toBe("factory normal");
  });

  it("that is damaged is not booted", () => {
    const machine = new Machine();
    machine.run(200_000);
    machine.do(machine.supervision.stage("b", image));
    machine.damaged.add("b");
    machine.do(machine.supervision.reset("normal"));
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
    expect(machine.supervision.state.note).toMatch(/damaged/);
  });

  it("that was confirmed and is damaged later gives way to what was installed", () => {
    const machine = withImage();
    machine.run(300_000);
    machine.damaged.add("a");
    machine.powerOn();
    machine.run(1000);
    expect(machine.boot).toBe("factory normal");
  });

  it("that was confirmed and cannot be read now is not forgotten: the next boot tries it again", () => {
    const machine = withImage();
    machine.run(300_000);
    machine.unread.add("a");
    machine.powerOn();
    machine.run(200_000);
    expect(machine.boot).toBe("factory normal");
    expect(machine.supervision.state).toMatchObject({
      note: "the image in slot a cannot be read now; it stays, and the next boot tries it again",
      freeSlot: "b",
    });
    machine.unread.clear();
    machine.do(machine.supervision.reset("soft"));
    machine.run(200_000);
    expect([machine.boot, machine.supervision.state.note]).toEqual(["a normal", null]);
  });

  it("that cannot be read now waits, and what runs boots meanwhile", () => {
    const machine = new Machine();
    machine.run(200_000);
    machine.do(machine.supervision.stage("b", image));
    machine.unread.add("b");
    machine.do(machine.supervision.reset("normal"));
    machine.run(1000);
    expect([machine.boot, machine.disk.trial]).toEqual(["factory normal", { slot: "b", boots: 0 }]);
    machine.unread.clear();
    machine.do(machine.supervision.reset("normal"));
    machine.run(200_000);
    expect([machine.boot, machine.disk.active]).toEqual(["b normal", "b"]);
  });

  it("is booted as soon as the record that names it can be read again", () => {
    const before = withImage();
    before.run(300_000);
    const machine = new Machine({}, unreadRecord);
    machine.run(5000);
    expect(machine.supervision.state.note).toMatch(/^the record of boots cannot be read now/);
    machine.supervision.reset("safe");
    machine.supervision.found(before.disk);
    machine.exit("exit code 0");
    machine.run(5000);
    // What was asked for meanwhile is done all the same.
    expect([machine.boot, machine.disk.active]).toEqual(["factory safe", "a"]);
    machine.do(machine.supervision.reset("normal"));
    machine.run(5000);
    expect(machine.boot).toBe("a normal");
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
