import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, truncateSync, appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RemoteBoard, TransferOptions } from "../../src/remote/index.ts";
import { AgentWorld, base } from "./agent-world.ts";

const content = randomBytes(200_000);

/** What a power cut leaves of a file that was not synced: its length, and zeros. */
function spoil(folder: string): void {
  const name = readdirSync(folder).find((one) => one.endsWith(".part")) ?? "";
  const path = join(folder, name);
  truncateSync(path, statSync(path).size - 4096);
  appendFileSync(path, new Uint8Array(4096));
}

describe("a power cut that spoils the end of what had come (real)", () => {
  it.each(["put", "update"] as const)("costs one more sending, not a failed %s", async (kind) => {
    await using world = await AgentWorld.start({ partBytes: 1000, windowBytes: 8000 });
    const send = (board: RemoteBoard, options: TransferOptions) =>
      kind === "put" ? board.put("file", content, options) : board.update(content, options);
    const stop = new AbortController();
    const onProgress = (done: number) => {
      if (done > 100_000) stop.abort(new Error("interrupted"));
    };
    const first = await world.drive();
    await expect(send(first, { onProgress, signal: stop.signal })).rejects.toThrow("interrupted");
    await world.restart();
    spoil(kind === "put" ? world.root : join(world.folder, "slots"));
    const calls = await world.listen(`${base}/cmd/call/#`);
    const board = await world.drive();
    calls.length = 0;
    await send(board, {});
    expect(calls).toHaveLength(2);
    const path = kind === "put" ? join(world.root, "file") : world.keeper.slots.pathOf("a");
    expect(Buffer.compare(readFileSync(path), content)).toBe(0);
  });
});
