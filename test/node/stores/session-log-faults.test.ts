import { describe, expect, it } from "vitest";
import { createSeededRandom, type Random, randomInteger } from "../../../src/base/index.ts";
import { applyChange, type StoreChange, type StoredMessage } from "../../../src/mqtt/index.ts";
import { storeErrors } from "../../../src/node/index.ts";
import { SessionLog } from "../../../src/node/stores/session-log.ts";
import { describeSessionStore, put, storedMessage } from "../../support/session-store-conformance.ts";
import { FragileFolder, type Operation, systemError } from "./fragile-folder.ts";

const silent = () => {};

function open(folder: FragileFolder): Promise<SessionLog> {
  return SessionLog.open(folder, silent);
}

/** The sequences of what a folder holds for whoever opens it next. */
async function sequencesIn(folder: FragileFolder): Promise<number[]> {
  const log = await open(folder);
  return log.load().messages.map(({ sequence }) => sequence);
}

/** Lets the next operations of these kinds fail, once for each time that it is named. */
function failOnce(folder: FragileFolder, code: string, ...operations: Operation[]): void {
  folder.fault = (operation) => {
    const index = operations.indexOf(operation);
    if (index < 0) return undefined;
    operations.splice(index, 1);
    return systemError(code);
  };
}

describeSessionStore("SessionLog in a folder in memory", async () => {
  const folder = new FragileFolder();
  return { store: await open(folder), reopen: () => open(folder) };
});

describe("a session's log when the power goes", () => {
  it("holds what was accepted", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    await log.apply(put(1, 2));
    await log.apply([{ type: "delete", sequence: 1 }]);
    folder.cutPower();
    expect(await sequencesIn(folder)).toEqual([2]);
  });

  it("syncs once for all that came together, behind the last byte", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    await log.apply(put(1));
    folder.done.length = 0;
    await log.apply(put(2, 3, 4));
    expect(folder.done).toEqual(["write session.log.new", "sync session.log.new"]);
  });

  it("is on the disk before it takes the name, and the name before it counts", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    await log.apply(put(1));
    await log.close();
    folder.done.length = 0;
    await open(folder);
    expect(folder.done.slice(-5)).toEqual([
      "create session.log.new",
      "write session.log.new",
      "sync session.log.new",
      "rename session.log.new session.log",
      "sync-folder",
    ]);
  });

  it("holds what was accepted by a log that took another's place", async () => {
    const folder = new FragileFolder();
    await (await open(folder)).apply(put(1));
    await open(folder);
    folder.cutPower();
    const log = await open(folder);
    expect(log.load().messages.map(({ sequence }) => sequence)).toEqual([1]);
    await log.apply(put(2));
    folder.cutPower();
    expect(await sequencesIn(folder)).toEqual([1, 2]);
  });
});

describe("a session's log when the disk fails", () => {
  it("has nothing left of what it did not take", async () => {
    for (const operation of ["write", "sync"] as const) {
      const folder = new FragileFolder();
      const log = await open(folder);
      await log.apply(put(1));
      failOnce(folder, "EIO", operation, "create");
      await expect(log.apply(put(2, 3))).rejects.toThrow("EIO");
      expect(await sequencesIn(folder)).toEqual([1]);
    }
  });

  it("has nothing left of that behind what it takes next", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    failOnce(folder, "EIO", "sync", "create");
    await expect(log.apply(put(1, 2))).rejects.toThrow("EIO");
    await log.apply(put(3));
    expect(await sequencesIn(folder)).toEqual([3]);
  });

  it("is written anew when what is left of a failure cannot be cut off", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    await log.apply(put(1));
    failOnce(folder, "EIO", "sync", "truncate", "create");
    await expect(log.apply(put(2, 3))).rejects.toThrow("EIO");
    folder.fault = (operation) => (operation === "create" ? systemError("EIO") : undefined);
    await expect(log.apply(put(4))).rejects.toThrow("EIO");
    folder.fault = () => undefined;
    await log.apply(put(5));
    folder.cutPower();
    expect(await sequencesIn(folder)).toEqual([1, 5]);
  });

  it("takes what failed once, without a word", async () => {
    for (const operation of ["write", "sync"] as const) {
      const folder = new FragileFolder();
      const log = await open(folder);
      await log.apply(put(1));
      failOnce(folder, "EIO", operation);
      await log.apply(put(2, 3));
      await log.apply(put(4));
      folder.cutPower();
      expect(await sequencesIn(folder)).toEqual([1, 2, 3, 4]);
    }
  });

  it("goes on behind the last whole record when it cannot be written anew", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    await log.apply(put(1));
    const whole = folder.bytesOf("session.log")?.length;
    await log.apply([{ type: "put", message: storedMessage(2, { payload: new Uint8Array(1000) }) }]);
    folder.put(
      "session.log",
      folder.bytesOf("session.log")?.subarray(0, (whole ?? 0) + 900) ?? new Uint8Array(0),
    );
    const said: string[] = [];
    failOnce(folder, "EIO", "create");
    const next = await SessionLog.open(folder, (text) => said.push(text));
    expect(said).toEqual([
      expect.stringContaining("is cut off"),
      expect.stringContaining("could not be put in order: EIO"),
    ]);
    await next.apply(put(3));
    folder.cutPower();
    const last = await SessionLog.open(folder, (text) => said.push(text));
    expect(last.load().messages.map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect(said).toHaveLength(2);
  });

  it("counts nothing as safe until its new name is", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    await log.apply(put(1));
    failOnce(folder, "EIO", "write", "sync-folder");
    await expect(log.apply(put(2))).rejects.toThrow("EIO");
    await log.apply(put(3));
    folder.cutPower();
    expect(await sequencesIn(folder)).toEqual([1, 3]);
  });
});

describe("a session's log on a full disk", () => {
  it("makes room by leaving out what is over", async () => {
    const folder = new FragileFolder();
    folder.room = 120_000;
    const log = await open(folder);
    for (let sequence = 1; sequence <= 1200; sequence++) {
      await log.apply(put(sequence));
      await log.apply([{ type: "delete", sequence }]);
    }
    expect(log.load().messages).toEqual([]);
    expect(folder.done.filter((one) => one.startsWith("rename")).length).toBeGreaterThan(1);
  });

  it("has room to note that all its messages are sent and done, and takes as many again then", async () => {
    const folder = new FragileFolder();
    folder.room = 200_000;
    let log = await open(folder);
    let sequence = 0;
    /** Puts messages until there is no room; returns their sequences. */
    const fill = async () => {
      const kept: number[] = [];
      for (let error: Error | void = undefined; !error;) {
        const message = storedMessage(++sequence, { payload: new Uint8Array(300) });
        error = await log.apply([{ type: "put", message }]).catch((failure: Error) => failure);
        if (error) expect(error.message).toContain("ENOSPC");
        else kept.push(sequence);
      }
      return kept;
    };
    for (let round = 0; round < 2; round++) {
      const kept = await fill();
      expect(kept.length).toBeGreaterThan(300);
      // A full disk is no reason not to start.
      folder.cutPower();
      log = await open(folder);
      expect(log.load().messages.map((message) => message.sequence)).toEqual(kept);
      for (const done of kept) {
        await log.apply([{ type: "sent", sequence: done, packetId: 1 }]);
        await log.apply([{ type: "delete", sequence: done }]);
      }
    }
  });

  it("notes what is done on a disk that others have filled, though it has no room for a new log", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    const message = storedMessage(1, { payload: new Uint8Array(200_000) });
    await log.apply([{ type: "put", message }]);
    folder.room = folder.used;
    await log.apply([{ type: "sent", sequence: 1, packetId: 7 }]);
    await expect(log.apply(put(2))).rejects.toThrow("ENOSPC");
    folder.cutPower();
    expect((await open(folder)).load().messages).toEqual([{ ...message, packetId: 7 }]);
    await log.close();
  });

  it("does not try to grow shorter with every change when there is no room for that", async () => {
    const folder = new FragileFolder();
    const log = await open(folder);
    const payload = new Uint8Array(400_000);
    await log.apply([{ type: "put", message: storedMessage(1, { payload }) }]);
    folder.room = 1_500_000;
    for (let time = 1; time <= 20; time++) {
      const message = storedMessage(2, { payload: new Uint8Array(50_000) });
      await log.apply([{ type: "put", message }]).catch(() => {});
    }
    expect(folder.done.filter((one) => one.startsWith("create")).length).toBeLessThan(5);
  });
});

describe("a session's log that two use", () => {
  it("refuses changes while it writes others", async () => {
    const log = await open(new FragileFolder());
    const first = log.apply(put(1));
    await expect(log.apply(put(2))).rejects.toSatisfy((error) => storeErrors.is(error, "store/shared"));
    await first;
    await log.apply(put(3));
    expect(log.load().messages.map(({ sequence }) => sequence)).toEqual([1, 3]);
  });
});

/** What a session holds, in a form that can be compared. */
type State = readonly [readonly StoredMessage[], readonly number[]];

describe("a session's log, whatever happens to the disk", () => {
  it("holds what was accepted and at the most what was being written, over failures and losses of power", async () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (MOTEQ_TEST_SEED replays it)`);
    const random = createSeededRandom(seed);
    for (let run = 0; run < 150; run++) await expectKept(random, `seed ${seed}, run ${run}`);
  });
});

async function expectKept(random: Random, where: string): Promise<void> {
  const folder = new FragileFolder();
  const chance = (oneIn: number) => randomInteger(random, 1, oneIn) === 1;
  let accepted: State = [[], []];
  let sequence = 0;
  for (let life = 0; life < 4; life++) {
    folder.fault = () => undefined;
    const log: SessionLog = await open(folder);
    const { messages, received } = log.load();
    accepted = [messages, received];
    /** What may be there instead: all that calls which failed may have left behind. */
    let possible: State[] = [accepted];
    folder.fault = () => (chance(12) ? systemError(chance(2) ? "EIO" : "ENOSPC") : undefined);
    for (let call = randomInteger(random, 0, 15); call > 0; call--) {
      const changes = Array.from({ length: randomInteger(random, 1, 4) }, () =>
        anyChange(random, ++sequence),
      );
      const states = statesOf(accepted, changes);
      try {
        await log.apply(changes);
        accepted = states.at(-1) ?? accepted;
        possible = [accepted];
      } catch {
        possible.push(...states);
      }
    }
    folder.cutPower((unsynced) => randomInteger(random, 0, unsynced.length));
    folder.fault = () => undefined;
    const after = (await open(folder)).load();
    expect(possible, where).toContainEqual([after.messages, after.received]);
  }
}

function anyChange(random: Random, sequence: number): StoreChange {
  const earlier = randomInteger(random, Math.max(1, sequence - 8), sequence);
  const packetId = randomInteger(random, 1, 5);
  switch (randomInteger(random, 0, 6)) {
    case 0:
      return { type: "sent", sequence: earlier, packetId };
    case 1:
      return { type: "released", sequence: earlier };
    case 2:
      return { type: "delete", sequence: earlier };
    case 3:
      return { type: "received", mark: packetId };
    case 4:
      return { type: "forgotten", mark: packetId };
    default:
      return { type: "put", message: storedMessage(sequence, { payload: new Uint8Array(sequence) }) };
  }
}

/** What a session holds after the first of these changes, after the first two, and so on. */
function statesOf([messages, received]: State, changes: readonly StoreChange[]): State[] {
  const known = new Map(messages.map((message) => [message.sequence, message]));
  const ids = new Set(received);
  return changes.map((change) => {
    applyChange(known, ids, change);
    return [[...known.values()], [...ids]];
  });
}
