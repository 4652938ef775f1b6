import { describe, expect, it } from "vitest";
import { createHash } from "node:crypto";
import { systemCryptography } from "../../src/node/index.ts";
import { mqttErrors } from "../../src/mqtt/index.ts";
import { Answer } from "../../src/board/answer.ts";
import { Transfer, type TransferTarget } from "../../src/board/transfer.ts";
import type { FileWriter } from "../../src/board/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { decodeBoardPacket, highestSequence } from "../../src/wire/index.ts";

function createAnswer(most = Infinity, plain = false) {
  const clock = new VirtualClock();
  const said: { topic: string; payload: Uint8Array }[] = [];
  const publish = (topic: string, payload: Uint8Array | string) => {
    if (payload.length > most) return Promise.reject(mqttErrors.create("mqtt/too-long", "at most so much"));
    said.push({ topic, payload: Buffer.from(payload) });
    return Promise.resolve();
  };
  const answer = new Answer({ clock, client: { publish }, base: "b", id: "id", size: 100, plain });
  return { clock, answer, said };
}

/** A transfer of 1000 bytes in parts of up to 100. */
function startTransfer(clock: VirtualClock, answer: Answer, write: FileWriter["write"] = async () => {}) {
  const limits = { size: 1000, sha256: "0".repeat(64), partBytes: 100, windowBytes: 1000, onEnd: () => {} };
  const transfer = new Transfer({ clock, cryptography: systemCryptography, answer, ...limits });
  const target: TransferTarget = {
    writer: { size: 0, write, sync: async () => {}, close: async () => {} },
    read: () => Promise.resolve(new Uint8Array()),
    accept: async () => {},
    discard: async () => {},
    release: () => {},
  };
  const begun = transfer.begin(Promise.resolve(target));
  const take = (offset: number, bytes: Uint8Array) => transfer.take(offset, bytes);
  return { begun, take, quietMs: () => transfer.quietMs };
}

describe("the answer to a command", () => {
  it("has no more messages than can be counted, and keeps a number for its end", () => {
    const { answer, said } = createAnswer();
    for (let index = 0; index < highestSequence + 10; index++) answer.say("x");
    expect([said.length, answer.isFull]).toEqual([highestSequence, true]);
    answer.end("y");
    const last = decodeBoardPacket(said.at(-1)?.payload ?? new Uint8Array());
    expect(last).toMatchObject({ sequence: highestSequence, last: true });
  });

  it.each([50, 10])(
    "that is longer than its broker takes is refused once, if at all: %i bytes",
    async (most) => {
      const { clock, answer, said } = createAnswer(most);
      for (let index = 0; index < 10; index++) answer.write("x".repeat(100));
      answer.end("x");
      await clock.advance(100);
      const refusals = said.map(({ payload }) => Buffer.from(payload).toString()).slice(1);
      expect(refusals).toEqual(most > 30 ? ["board/too-long: at most so much"] : []);
    },
  );

  it("to the original program is refused without a code, also where it grows too long by itself", async () => {
    const { clock, answer, said } = createAnswer(50, true);
    answer.write("x".repeat(100));
    await clock.advance(100);
    expect(said.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["at most so much"]);
  });

  it("that refuses a transfer whose file cannot be opened leaves nothing to wait for, though parts came ahead", async () => {
    const { clock, answer } = createAnswer();
    let waiting = 0;
    const counting = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer(delayMs: number, callback: () => void) {
        const timer = clock.setTimer(delayMs, callback);
        waiting++;
        return { cancel: () => (waiting--, timer.cancel()) };
      },
    };
    const limits = { size: 10, sha256: "0".repeat(64), partBytes: 10, windowBytes: 10, onEnd: () => {} };
    const transfer = new Transfer({ clock: counting, cryptography: systemCryptography, answer, ...limits });
    const begun = transfer.begin(Promise.reject(new Error("no such folder")));
    expect(transfer.take(0, new Uint8Array(5))).toBe(true);
    expect(waiting).toBe(2);
    await expect(begun).rejects.toThrow("no such folder");
    expect(waiting).toBe(0);
  });

  it("to a transfer says half a second after it what was written, where it is less than a report is worth", async () => {
    const { clock, answer, said } = createAnswer();
    const transfer = startTransfer(clock, answer);
    await transfer.begun;
    transfer.take(0, new Uint8Array(5));
    await clock.advance(499);
    expect(said).toHaveLength(1);
    await clock.advance(1);
    expect(Buffer.from(said.at(-1)?.payload ?? "").toString("utf8", 2)).toBe('{"have":5}');
  });

  it("does not say of a transfer that it waits while the board writes, nor right behind that", async () => {
    const { clock, answer } = createAnswer();
    const writes: (() => void)[] = [];
    const write = () => new Promise<void>((resolve) => void writes.push(resolve));
    const transfer = startTransfer(clock, answer, write);
    await transfer.begun;
    transfer.take(0, new Uint8Array(5));
    await clock.advance(6000);
    expect(transfer.quietMs()).toBe(0);
    writes[0]?.();
    await clock.advance(0);
    expect(transfer.quietMs()).toBe(0);
    await clock.advance(1000);
    expect(transfer.quietMs()).toBe(1000);
  });

  it("that can report no more ends a transfer, so that the caller goes on under a new id", async () => {
    const { clock, answer, said } = createAnswer();
    while (!answer.isFull) answer.say("x");
    const ended: string[] = [];
    const transfer = new Transfer({
      clock,
      cryptography: systemCryptography,
      answer,
      size: 10,
      sha256: createHash("sha256").update(new Uint8Array(10)).digest("hex"),
      partBytes: 10,
      windowBytes: 10,
      onEnd: () => void ended.push("end"),
    });
    const writer = { size: 0, write: async () => {}, sync: async () => {}, close: async () => {} };
    const target = {
      writer,
      read: () => Promise.resolve(new Uint8Array()),
      accept: async () => {},
      discard: async () => {},
      release: () => void ended.push("release"),
    };
    await transfer.begin(Promise.resolve(target));
    await transfer.closed;
    expect(ended).toEqual(["release", "end"]);
    expect(Buffer.from(said.at(-1)?.payload ?? "").toString()).toMatch(/^board\/stopped: .*call again$/);
  });
});
