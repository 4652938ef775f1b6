import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, randomInteger } from "../../../src/base/index.ts";
import { openSessionStore, storeErrors } from "../../../src/node/index.ts";
import { headerLength } from "../../../src/node/stores/framed-log.ts";
import { describeSessionStore, put, storedMessage } from "../../support/session-store-conformance.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-session-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "store");
}

function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_item, index) => index + 1);
}

describeSessionStore("openSessionStore (real)", async () => {
  const folder = makeFolder();
  return { store: await openSessionStore({ folder }), reopen: () => openSessionStore({ folder }) };
});

/** The log of ten messages, and how long it was after each. */
async function writeTen(): Promise<{ folder: string; path: string; ends: number[] }> {
  const folder = makeFolder();
  const path = join(folder, "session.log");
  const store = await openSessionStore({ folder });
  const ends: number[] = [];
  for (let sequence = 1; sequence <= 10; sequence++) {
    await store.apply(put(sequence));
    ends.push(statSync(path).size);
  }
  await store.close();
  return { folder, path, ends };
}

async function readAll(folder: string, say?: (text: string) => void): Promise<unknown> {
  const store = await openSessionStore({ folder, ...(say ? { say } : {}) });
  const { messages } = store.load();
  await store.close();
  return messages;
}

describe("the log of a session (real)", () => {
  it("says whose the folder is when another one has it", async () => {
    const folder = makeFolder();
    const store = await openSessionStore({ folder });
    await expect(openSessionStore({ folder })).rejects.toSatisfy((error) =>
      storeErrors.is(error, "store/in-use"),
    );
    await store.close();
  });

  it("says that the folder cannot be made", async () => {
    const path = makeFolder();
    writeFileSync(path, "a file");
    await expect(openSessionStore({ folder: join(path, "in-a-file") })).rejects.toSatisfy((error) =>
      storeErrors.is(error, "store/cannot-open"),
    );
  });

  it("takes nothing once it is closed", async () => {
    const store = await openSessionStore({ folder: makeFolder() });
    await store.close();
    await store.close();
    await expect(store.apply(put(1))).rejects.toSatisfy((error) => storeErrors.is(error, "store/closed"));
  });

  it("of another format is refused, said why, and left as it is", async () => {
    const { folder, path } = await writeTen();
    const old = Buffer.from("a70000000900000000040000000000010000", "hex");
    writeFileSync(path, old);
    await expect(readAll(folder)).rejects.toThrow(/session\.log was written by another moteq .* is 1, not 2/);
    expect(readFileSync(path)).toEqual(old);
  });

  it("that is none is put aside", async () => {
    const { folder, path } = await writeTen();
    writeFileSync(path, "what is this?");
    const said: string[] = [];
    expect(await readAll(folder, (text) => said.push(text))).toEqual([]);
    expect(said).toEqual([expect.stringMatching(/put aside as session\.log\.damaged/)]);
    expect(readFileSync(`${path}.damaged`, "utf8")).toBe("what is this?");
  });

  it("cut at a record's end or one byte before holds every record before that", async () => {
    const { folder, path, ends } = await writeTen();
    const whole = readFileSync(path);
    for (const length of [headerLength, ...ends.slice(5).flatMap((end) => [end - 1, end])]) {
      writeFileSync(path, whole.subarray(0, length));
      const count = ends.filter((end) => end <= length).length;
      const said: string[] = [];
      expect(await readAll(folder, (text) => said.push(text))).toEqual(
        oneTo(count).map((sequence) => storedMessage(sequence)),
      );
      expect(said).toHaveLength(length === headerLength || ends.includes(length) ? 0 : 1);
    }
  });

  it("with bytes altered anywhere loses those records only, and says so", async () => {
    const seed = 20_261_121;
    const random = createSeededRandom(seed);
    const { folder, path } = await writeTen();
    const whole = readFileSync(path);
    for (let run = 0; run < 50; run++) {
      const damaged = Buffer.from(whole);
      const at = randomInteger(random, 0, whole.length - 1);
      damaged.writeUInt8((damaged.readUInt8(at) + randomInteger(random, 1, 255)) & 255, at);
      writeFileSync(path, damaged);
      const said: string[] = [];
      const messages = (await readAll(folder, (text) => said.push(text))) as { sequence: number }[];
      expect({ seed, run, count: messages.length, said: said.length }).toEqual({
        seed,
        run,
        count: at < headerLength ? 10 : 9,
        said: 1,
      });
      for (const message of messages) expect(message).toEqual(storedMessage(message.sequence));
      // Opening has put the log in order.
      expect(await readAll(folder, (text) => said.push(text))).toEqual(messages);
      expect(said).toHaveLength(1);
    }
  });

  it("does not grow with what is over", async () => {
    const folder = makeFolder();
    const store = await openSessionStore({ folder });
    const message = storedMessage(1, { payload: new Uint8Array(10_000) });
    for (let round = 1; round <= 500; round++) {
      await store.apply([
        { type: "put", message: { ...message, sequence: round } },
        { type: "delete", sequence: round - 1 },
      ]);
    }
    expect(statSync(join(folder, "session.log")).size).toBeLessThan(1_200_000);
    await store.close();
    expect(await readAll(folder)).toEqual([{ ...message, sequence: 500 }]);
  });
});
