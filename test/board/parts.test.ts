import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Of } from "../../src/base/index.ts";
import type { FileWriter } from "../../src/board/index.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { systemCryptography } from "../../src/node/index.ts";
import { createNodeClock } from "../support/memory-broker.ts";
import { AgentWorld, createCaller } from "./agent-world.ts";

const ignore = () => {};

describe("parts right behind their announcement (real)", () => {
  const size = 10_000;
  const content = randomBytes(size);
  const sha256 = sha256Of(systemCryptography, content);

  async function announce(world: AgentWorld, path: string): Promise<{ topic: string; text: string }[]> {
    const client = await world.connect();
    const heard = await world.listen();
    const call = await createCaller(world, client);
    const { topic } = call({ do: "put", path, size, sha256 }, { number: 1 });
    for (let offset = 0; offset < size; offset += 1000) {
      const part = content.subarray(offset, offset + 1000);
      void client.publish(`${topic.replace("/call/", "/part/")}/${offset}`, part, { qos: 1 });
    }
    return heard;
  }

  it("are taken before it is answered", async () => {
    await using world = await AgentWorld.start();
    const heard = await announce(world, "file");
    await expect.poll(() => heard.at(-1)?.text).toContain('"done":true');
    expect(heard.length).toBe(2);
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
  });

  it("leave nothing where it is refused", async () => {
    await using world = await AgentWorld.start();
    const heard = await announce(world, "nowhere/file");
    await expect.poll(() => heard.at(-1)?.text).toMatch(/^board\/not-found: /);
    expect(readdirSync(world.root)).toEqual([]);
  });

  it("are left from beyond the window, however slow the disk is", async () => {
    let release = ignore;
    const isReady = new Promise<void>((resolve) => (release = resolve));
    /** It writes nothing until it is released. */
    class SlowDisk extends NodeBoardFiles {
      override async append(path: string): Promise<FileWriter> {
        const writer = await super.append(path);
        const write = async (pieces: readonly Uint8Array[]) => {
          await isReady;
          await writer.write(pieces);
        };
        return { size: writer.size, write, sync: () => writer.sync(), close: () => writer.close() };
      }
    }
    await using world = await AgentWorld.start({ windowBytes: 2000, files: (root) => new SlowDisk(root) });
    const heard = await announce(world, "file");
    await expect.poll(() => heard.at(-1)?.text).toContain('"have":0');
    // The board's information, the watchdog's feed and its answer, the announcement and ten parts.
    await expect.poll(() => world.agentClient.stats.received).toBe(14);
    release();
    await expect.poll(() => heard.at(-1)?.text).toContain('"have":3000');
  });

  it("are left where they are longer than the board said", async () => {
    await using world = await AgentWorld.start({ partBytes: 900 });
    const heard = await announce(world, "file");
    await expect.poll(() => heard.at(-1)?.text).toContain('"have":0');
    await expect.poll(() => world.agentClient.stats.received).toBe(14);
    expect(heard).toHaveLength(1);
  });
});

describe("a file of which no part comes (real)", () => {
  it("ends after a minute, and what came stays", async () => {
    const clock = createNodeClock();
    await using world = await AgentWorld.start({ clock });
    const client = await world.connect();
    const heard = await world.listen();
    const call = await createCaller(world, client);
    const { topic, sent } = call(
      { do: "put", path: "file", size: 10, sha256: "0".repeat(64) },
      { number: 1 },
    );
    await sent;
    await expect.poll(() => heard.length).toBe(1);
    await clock.advance(59_000);
    await client.publish(`${topic.replace("/call/", "/part/")}/0`, "five!", { qos: 1 });
    await expect.poll(() => readdirSync(world.root)).toHaveLength(1);
    await clock.advance(59_000);
    expect(world.agent.busy).toBe(true);
    await expect.poll(() => clock.advance(1000).then(() => world.agent.busy)).toBe(false);
    await expect.poll(() => heard.at(-1)?.text).toMatch(/^board\/stopped: no part came for a minute/);
    expect(readdirSync(world.root)).toEqual([expect.stringMatching(/\.part$/)]);
  });
});
