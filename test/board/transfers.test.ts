import { randomBytes } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { encodeBoardPacket } from "../../src/wire/index.ts";
import { createNodeClock } from "../support/memory-broker.ts";
import { AgentWorld, base, createPutter } from "./agent-world.ts";

const content = randomBytes(1000);

/** Sends a message of a file as the original program does. */
async function createSender(world: AgentWorld) {
  const client = await world.connect();
  return async (id: string, sequence: number, last: boolean, body: string) => {
    const payload = encodeBoardPacket({ sequence, last, body: encodeUtf8(body) });
    await client.publish(`${base}/cmd/put/${id}/${id}.txt`, payload, { qos: 1 });
  };
}

describe("a transfer (real)", () => {
  it("takes its parts in their order: one that comes too early, or again, is left", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    const { said, send } = await put("file", content);
    await send(500, 1000);
    await send(0, 500);
    await send(0, 500);
    await send(500, 1000);
    await expect.poll(() => said().at(-1)).toContain('"done":true');
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
  });

  it("takes its own parts, and none of another's", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    const other = randomBytes(1000);
    const [one, two] = [await put("one", content), await put("two", other)];
    for (const { said, send } of [two, one]) {
      await send(0, 1000);
      await expect.poll(() => said().at(-1)).toContain('"done":true');
    }
    expect(Buffer.compare(readFileSync(join(world.root, "one")), content)).toBe(0);
    expect(Buffer.compare(readFileSync(join(world.root, "two")), other)).toBe(0);
  });

  it("leaves a part that goes beyond what was announced, and counts it", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    const { said, id, send } = await put("file", content);
    const client = await world.connect();
    await send(0, 500);
    await client.publish(`${base}/cmd/part/${id}/0`, randomBytes(1001), { qos: 1 });
    await client.publish(`${base}/cmd/part/${id}/500`, randomBytes(501), { qos: 1 });
    await client.publish(`${base}/cmd/part/${id}/nowhere`, randomBytes(1), { qos: 1 });
    await send(500, 1000);
    await expect.poll(() => said().at(-1)).toContain('"done":true');
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
    expect(world.agent.info().ignored).toEqual({ malformed: 3 });
  });

  it("does not go on with more than was announced: that is thrown away, and announced anew begins anew", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    await put("file", content);
    await world.agent.close();
    appendFileSync(join(world.root, readdirSync(world.root)[0] ?? ""), randomBytes(1001));
    await world.restart();
    const again = await createPutter(world);
    const refused = await again("file", content);
    expect(refused.said()).toEqual([
      "board/digest: what an earlier attempt left is of no use; send it again",
    ]);
    expect(readdirSync(world.root)).toEqual([]);
    const { said, send } = await again("file", content);
    await send(0, 1000);
    await expect.poll(() => said().at(-1)).toContain('"done":true');
  });

  it("to which no part comes for a minute has ended, and the next goes on with what came", async () => {
    const clock = createNodeClock();
    await using world = await AgentWorld.start({ clock });
    const put = await createPutter(world);
    const { said, send } = await put("file", content);
    await send(0, 600);
    const partial = join(world.root, readdirSync(world.root)[0] ?? "");
    await expect.poll(() => statSync(partial).size).toBe(600);
    await clock.advance(59_000);
    expect(world.agent.busy).toBe(true);
    await clock.advance(1000);
    const ended = "board/stopped: no part came for a minute; what came stays";
    await expect.poll(() => said().at(-1)).toBe(ended);
    await expect.poll(() => world.agent.busy).toBe(false);
    const again = await put("file", content);
    expect(again.said()[0]).toContain('"have":600');
  });

  it("is one of eight at once: a ninth is refused, or takes the place of one that has had nothing for 5 s", async () => {
    const clock = createNodeClock();
    await using world = await AgentWorld.start({ clock });
    const put = await createPutter(world);
    const eight: Awaited<ReturnType<typeof put>>[] = [];
    for (let index = 0; index < 8; index++) eight.push(await put(`${index}`, content));
    const ninth = await put("8", content);
    expect(ninth.said()).toEqual(["board/busy: 8 transfers are under way already"]);
    // One that is begun anew takes no more room than before.
    const again = await put("7", content);
    await expect.poll(() => again.said().at(-1)).toContain('"have":0');
    eight[7] = again;
    await clock.advance(4000);
    await eight[0]?.send(0, 1);
    await clock.advance(1000);
    const late = await put("8", content);
    await expect.poll(() => late.said().at(-1)).toContain('"have":0');
    const ended = ({ said }: (typeof eight)[number]) => said().at(-1)?.startsWith("board/stopped: ") === true;
    await expect.poll(() => eight.map(ended).indexOf(true)).toBe(1);
    expect(eight.map(ended).lastIndexOf(true)).toBe(1);
  });
});

describe("a file that the original program puts (real)", () => {
  it("holds a message that was brought twice once", async () => {
    await using world = await AgentWorld.start();
    const heard = await world.listen();
    const send = await createSender(world);
    for (const sequence of [0, 0, 1, 1, 0]) await send("twice", sequence, false, `${sequence};`);
    await send("twice", 2, true, "2;");
    await expect.poll(() => heard.map(({ text }) => text.slice(2))).toEqual(["OK"]);
    expect(readFileSync(join(world.root, "twice.txt"), "utf8")).toBe("0;1;2;");
  });

  it("is one of four at once: with a fifth the oldest is given up, and leaves nothing", async () => {
    await using world = await AgentWorld.start();
    const heard = await world.listen();
    const send = await createSender(world);
    const ids = ["a", "b", "c", "d", "e"];
    for (const id of ids) await send(id, 0, false, "x");
    for (const id of ids) await send(id, 1, true, "y");
    const done = () => heard.filter(({ text }) => text.endsWith("OK")).map(({ topic }) => topic.slice(-1));
    await expect.poll(() => done().toSorted()).toEqual(ids.slice(1));
    expect(readdirSync(world.root)).toEqual(["b.txt", "c.txt", "d.txt", "e.txt"]);
  });
});
