import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { systemClock, systemCryptography, systemRandom } from "../../src/node/index.ts";
import { openBoard } from "../../src/remote/index.ts";
import { encodeBoardPacket, encodeReplyTopic, uncounted } from "../../src/wire/index.ts";
import { createMemoryBroker, createNodeClock } from "../support/memory-broker.ts";

/** What is said of a board that is not there, and when it was asked, in seconds of virtual time. */
async function seekNobody(options: { timeoutMs?: number }) {
  const clock = createNodeClock();
  await using broker = await createMemoryBroker();
  const client = new MqttClient({ open: broker.open, clock: systemClock, random: systemRandom });
  client.start();
  const askedAt: number[] = [];
  await client.subscribe("nobody/mqb/cmd/call/+", { qos: 1 }, () => {
    askedAt.push(Math.round(clock.monotonic() / 1000));
  });
  const services = { client, clock, cryptography: systemCryptography, base: "nobody/mqb" };
  const seeking = openBoard({ ...services, ...options }).then(String, String);
  const said = await clock.runUntil(seeking);
  await client.close();
  return { said, askedAt };
}

describe("a board whose line is slow", () => {
  it("is found by its first answer, though it was asked three times meanwhile", async () => {
    const clock = createNodeClock();
    await using broker = await createMemoryBroker();
    const client = new MqttClient({ open: broker.open, clock: systemClock, random: systemRandom });
    client.start();
    let asked = 0;
    await client.subscribe("far/mqb/cmd/call/+", { qos: 1 }, ({ topic }) => {
      asked++;
      const body = encodeUtf8(JSON.stringify({ state: "online", session: "00".repeat(16) }));
      const reply = encodeReplyTopic("far/mqb", "out", topic.split("/").at(-1) ?? "");
      const payload = encodeBoardPacket({ sequence: uncounted, last: true, body });
      clock.setTimer(6000, () => void client.publish(reply, payload, { qos: 1 }));
    });
    const services = { client, clock, cryptography: systemCryptography, base: "far/mqb" };
    const board = await clock.runUntil(openBoard(services));
    expect([board.dialect, asked, Math.round(clock.monotonic() / 1000)]).toEqual(["native", 3, 6]);
    await board.close();
    await client.close();
  });
});

describe("a board that is not there", () => {
  it("is given up after 10 s, asked anew ever more seldom", async () => {
    const { said, askedAt } = await seekNobody({});
    expect(said).toContain("no board answers at nobody/mqb for 10 s");
    expect(askedAt).toEqual([0, 1, 3, 7]);
  });

  it("is given up after the time that was asked for, and asked each 10 s until then", async () => {
    const { said, askedAt } = await seekNobody({ timeoutMs: 60_000 });
    expect(said).toContain("no board answers at nobody/mqb for 60 s");
    expect(askedAt).toEqual([0, 1, 3, 7, 15, 25, 35, 45, 55]);
    expect((await seekNobody({ timeoutMs: 2000 })).askedAt).toEqual([0, 1]);
  });
});
