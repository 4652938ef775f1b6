import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Of } from "../../src/base/index.ts";
import { systemCryptography } from "../../src/node/index.ts";
import { encodeBoardPacket, splitIntoPackets } from "../../src/wire/index.ts";
import { createNodeClock } from "../support/memory-broker.ts";
import { AgentWorld, base } from "./agent-world.ts";

const content = randomBytes(10_000);
const sha256 = sha256Of(systemCryptography, content);
const packets = [...splitIntoPackets(content, 1400)].map((packet) => encodeBoardPacket(packet));

/** A disk may take its time. */
const patient = { timeout: 10_000 };

async function startWorld() {
  const clock = createNodeClock();
  const world = await AgentWorld.start({ clock });
  const heard = await world.listen();
  const client = await world.connect();
  const send = (tail: string, some: readonly Uint8Array[]) =>
    Promise.all(some.map((packet) => client.publish(`${base}/cmd/${tail}`, packet, { qos: 1 })));
  return { clock, world, heard, send, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

describe("a put or ota of the original program (real)", () => {
  it.each(["put/idle0000/file", `ota/idle0000/${sha256}`])("%s ends when nothing comes", async (tail) => {
    await using started = await startWorld();
    const { clock, world, heard, send } = started;
    await send(tail, packets.slice(0, 2));
    await expect.poll(() => world.agent.busy).toBe(true);
    await clock.advance(59_000);
    await send(tail, packets.slice(2, 3));
    await clock.advance(59_000);
    expect([world.agent.busy, heard.length]).toEqual([true, 0]);
    await expect.poll(() => clock.advance(1000).then(() => world.agent.busy), patient).toBe(false);
    await expect
      .poll(() => heard.at(-1)?.text)
      .toMatch(/^MQRepl protocol error .*: no message came for 60 s$/);
    await expect.poll(() => readdirSync(world.root)).toEqual([]);
  });

  it("that has come whole hears no more", async () => {
    await using started = await startWorld();
    const { clock, world, heard, send } = started;
    await send("put/whole000/file", packets);
    await expect.poll(() => heard.length, patient).toBe(1);
    await clock.advance(200_000);
    expect(heard.map(({ text }) => text.slice(2))).toEqual(["OK"]);
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
  });

  it("makes room for a fifth one: the one that began first has ended", async () => {
    await using started = await startWorld();
    const { world, heard, send } = started;
    for (let index = 0; index < 5; index++)
      await send(`put/five000${index}/file${index}`, packets.slice(0, 1));
    for (let index = 4; index >= 0; index--) await send(`put/five000${index}/file${index}`, packets.slice(1));
    const told = () => heard.map(({ topic, text }) => `${topic.slice(-1)} ${text.replace(/^[^ -~]+/, "")}`);
    await expect
      .poll(() => told().toSorted())
      .toEqual([
        "0 MQRepl protocol error: ended for a later one, since 4 were under way",
        "1 OK",
        "2 OK",
        "3 OK",
        "4 OK",
      ]);
    await expect.poll(() => readdirSync(world.root).toSorted()).toEqual(["file1", "file2", "file3", "file4"]);
  });
});
