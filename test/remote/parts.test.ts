import { describe, expect, it } from "vitest";
import { openBoard } from "../../src/remote/index.ts";
import { encodeBoardPacket, encodeReplyTopic, uncounted } from "../../src/wire/index.ts";
import { encodeUtf8 } from "../../src/base/index.ts";
import { AgentWorld, services } from "../board/agent-world.ts";
import { createNodeClock } from "../support/memory-broker.ts";

describe("a file for a board that does not answer (real)", () => {
  it("is announced again after 2 s, and after twice as long each time, until the timeout is over", async () => {
    const clock = createNodeClock();
    await using world = await AgentWorld.start({ clock });
    const silent = await world.connect();
    const askedAt: number[] = [];
    await silent.subscribe("silent/mqb/cmd/call/+", { qos: 1 }, ({ topic, payload }) => {
      if (!Buffer.from(payload).includes('"do":"info"')) {
        askedAt.push(Math.round(clock.monotonic() / 1000));
        return;
      }
      const body = encodeUtf8(JSON.stringify({ state: "online", session: "00".repeat(16) }));
      const reply = encodeReplyTopic("silent/mqb", "out", topic.split("/").at(-1) ?? "");
      void silent.publish(reply, encodeBoardPacket({ sequence: uncounted, last: true, body }), { qos: 1 });
    });
    const client = await world.connect();
    const board = await openBoard({
      ...services,
      clock,
      client,
      base: "silent/mqb",
      timeoutMs: 20_000,
      dialect: "native",
    });
    const start = Math.round(clock.monotonic() / 1000);
    const put = board.put("file", new Uint8Array(10));
    const refused = expect(put).rejects.toMatchObject({ code: "remote/no-answer" });
    for (let second = 0; second < 60; second++) await clock.advance(1000);
    await refused;
    expect(askedAt.map((at) => at - start)).toEqual([0, 2, 6, 14]);
  });
});
