import { setTimeout as delay } from "node:timers/promises";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Clock, sleep } from "../../src/base/index.ts";
import type { FileWriter } from "../../src/board/index.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import type { VirtualClock } from "../../src/virtual/index.ts";
import { createNodeClock } from "../support/memory-broker.ts";
import { AgentWorld, base } from "./agent-world.ts";

/** How long its works take, in milliseconds. */
interface Pace {
  read: number;
  write: number;
  sync: number;
}

/** How much of the real disk's own work is under way, which virtual time must not outrun. */
const disk = { working: 0 };

async function counted<T>(work: Promise<T>): Promise<T> {
  disk.working++;
  try {
    return await work;
  } finally {
    disk.working--;
  }
}

class SlowDisk extends NodeBoardFiles {
  readonly #clock: Clock;
  readonly #pace: Pace;

  constructor(root: string, clock: Clock, pace: Pace) {
    super(root);
    this.#clock = clock;
    this.#pace = pace;
  }

  override stat(path: string) {
    return counted(super.stat(path));
  }

  override list(path: string) {
    return counted(super.list(path));
  }

  override rename(path: string, to: string) {
    return counted(super.rename(path, to));
  }

  override async read(path: string, offset: number, size: number): Promise<Uint8Array> {
    if (this.#pace.read > 0) await sleep(this.#clock, this.#pace.read);
    return await counted(super.read(path, offset, size));
  }

  override async append(path: string): Promise<FileWriter> {
    const writer = await counted(super.append(path));
    return {
      size: writer.size,
      write: async (pieces) => {
        if (this.#pace.write > 0) await sleep(this.#clock, this.#pace.write);
        await counted(writer.write(pieces));
      },
      sync: async () => {
        if (this.#pace.sync > 0) await sleep(this.#clock, this.#pace.sync);
        await counted(writer.sync());
      },
      close: () => counted(writer.close()),
    };
  }
}

/** Lets time pass forty times as fast as it does, no faster: between board and caller is a real broker. */
async function advanceUntil(clock: VirtualClock, work: Promise<unknown>): Promise<void> {
  const state = { ended: false };
  const end = () => void (state.ended = true);
  work.then(end, end);
  for (let turn = 0; turn < 4000 && !state.ended; turn++) {
    await clock.advance(200);
    do await delay(5);
    while (disk.working > 0);
  }
  if (!state.ended) throw new Error("it has not ended");
  await work;
}

async function startWorld(pace: Pace, windowBytes = 100_000) {
  const clock = createNodeClock();
  const files = (root: string) => new SlowDisk(root, clock, pace);
  const world = await AgentWorld.start({ clock, files, windowBytes });
  const calls = await world.listen(`${base}/cmd/call/#`);
  const drive = async () => {
    const driving = world.drive({ timeoutMs: 10_000, client: await world.connect() });
    await advanceUntil(clock, driving);
    return await driving;
  };
  return { clock, world, calls, drive, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const content = randomBytes(1_000_000);

/** Puts half of the file, and starts the agent anew. */
async function leaveBeginning({
  clock,
  world,
  drive,
}: Awaited<ReturnType<typeof startWorld>>): Promise<void> {
  const board = await drive();
  const stop = new AbortController();
  const interrupted = board.put("file", content, {
    signal: stop.signal,
    onProgress: (done) => {
      if (done > 500_000) stop.abort(new Error("interrupted"));
    },
  });
  await expect(advanceUntil(clock, interrupted)).rejects.toThrow("interrupted");
  await world.restart();
}

describe("a board whose disk is slow (real)", () => {
  it("is not asked again while it digests the beginning that it has, and goes on from there", async () => {
    const pace: Pace = { read: 0, write: 0, sync: 0 };
    await using started = await startWorld(pace);
    const { clock, world, calls, drive } = started;
    await leaveBeginning(started);
    const board = await drive();
    const before = calls.length;
    // Half a minute or more for what it has.
    pace.read = 4000;
    const from: number[] = [];
    const put = board.put("file", content, { onProgress: (done) => void from.push(done) });
    await advanceUntil(clock, put);
    expect(calls.length - before).toBe(1);
    expect(from[0]).toBeGreaterThan(500_000);
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
  });

  it("is not asked again while it writes and syncs", async () => {
    await using started = await startWorld({ read: 0, write: 70_000, sync: 30_000 }, 2_000_000);
    const { clock, world, calls, drive } = started;
    const board = await drive();
    const before = calls.length;
    // So little goes at once.
    const short = content.subarray(0, 60_000);
    await advanceUntil(clock, board.put("file", short));
    expect(calls.length - before).toBe(1);
    expect(Buffer.compare(readFileSync(join(world.root, "file")), short)).toBe(0);
  });

  it("stops digesting for one caller when another one begins", async () => {
    const pace: Pace = { read: 0, write: 0, sync: 0 };
    await using started = await startWorld(pace);
    const { clock, drive } = started;
    await leaveBeginning(started);
    const [second, third] = [await drive(), await drive()];
    pace.read = 1000;
    const one = second.put("file", content);
    const two = sleep(clock, 3000).then(() => third.put("file", content));
    await expect(advanceUntil(clock, one)).rejects.toMatchObject({ detail: { code: "board/replaced" } });
    const replacedAt = clock.monotonic();
    await advanceUntil(clock, two);
    // Its own digest and no more.
    expect(clock.monotonic() - replacedAt).toBeLessThan(14_000);
  });
});
