import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/base/index.ts";
import type { Answer } from "../../src/board/answer.ts";
import type { FileWriter } from "../../src/board/index.ts";
import { Transfer } from "../../src/board/transfer.ts";
import { systemCryptography } from "../../src/node/index.ts";
import { createAnswer } from "./noted-answer.ts";

/** A transfer of 1000 bytes in parts of up to 100. */
function startTransfer(clock: Clock, answer: Answer, write: FileWriter["write"] | Error = async () => {}) {
  const ended: string[] = [];
  const limits = { size: 1000, sha256: "0".repeat(64), partBytes: 100, windowBytes: 1000 };
  const onEnd = () => void ended.push("end");
  const transfer = new Transfer({ clock, cryptography: systemCryptography, answer, ...limits, onEnd });
  const open = async () => {
    if (write instanceof Error) throw write;
    return {
      writer: { size: 0, write, sync: async () => {}, close: async () => {} },
      read: () => Promise.resolve(new Uint8Array()),
      accept: async () => {},
      discard: async () => {},
      release: () => void ended.push("release"),
    };
  };
  return { transfer, begun: transfer.begin(open()), ended };
}

describe("a transfer", () => {
  it("that cannot begin leaves nothing to wait for, though parts came ahead", async () => {
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
    const { transfer, begun } = startTransfer(counting, answer, new Error("no such folder"));
    expect(transfer.take(0, new Uint8Array(5))).toBe(true);
    expect(waiting).toBe(2);
    await expect(begun).rejects.toThrow("no such folder");
    expect(waiting).toBe(0);
  });

  it("says half a second after it what was written, where it is less than a report is worth", async () => {
    const { clock, answer, said } = createAnswer();
    const { transfer, begun } = startTransfer(clock, answer);
    await begun;
    transfer.take(0, new Uint8Array(5));
    await clock.advance(499);
    expect(said).toHaveLength(1);
    await clock.advance(1);
    expect(Buffer.from(said.at(-1)?.payload ?? "").toString("utf8", 2)).toBe('{"have":5}');
  });

  it("is not quiet while the board writes, nor right behind that", async () => {
    const { clock, answer } = createAnswer();
    const writes: (() => void)[] = [];
    const write = () => new Promise<void>((resolve) => void writes.push(resolve));
    const { transfer, begun } = startTransfer(clock, answer, write);
    await begun;
    transfer.take(0, new Uint8Array(5));
    await clock.advance(6000);
    expect(transfer.quietMs).toBe(0);
    writes[0]?.();
    await clock.advance(0);
    expect(transfer.quietMs).toBe(0);
    await clock.advance(1000);
    expect(transfer.quietMs).toBe(1000);
  });

  it("ends where its answer can report no more, so that the caller goes on under a new id", async () => {
    const { clock, answer, said } = createAnswer();
    while (!answer.isFull) answer.say("x");
    const { transfer, begun, ended } = startTransfer(clock, answer);
    await begun;
    await transfer.closed;
    expect(ended).toEqual(["release", "end"]);
    expect(Buffer.from(said.at(-1)?.payload ?? "").toString()).toMatch(/^board\/stopped: .*call again$/);
  });
});
