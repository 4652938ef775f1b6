import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { LinkWorld } from "./world.ts";

describe("a host and its modem on five wires", () => {
  it("come up behind a reset, and carry messages of any bytes both ways", async () => {
    await using world = await LinkWorld.open({ fiveLines: {}, settleTurns: 1 });
    expect(world.statuses).toEqual(["DEFNET", "BROKER_CHECK", "BROKER_OK", "RUNNING", "WIFI_UP"]);
    const payload = Uint8Array.from({ length: 300 }, (_, index) => index & 255);
    world.host.subscribe("green", world.collect, { qos: 1 });
    world.host.publish("result", payload, { qos: 1 });
    await world.pass(3000);
    await world.broker.publish("green", "träge");
    await world.pass(3000);
    expect(world.broker.taken[0]?.payload).toEqual(payload);
    expect(world.messages).toEqual(["green träge"]);
  });

  it("rest while there is nothing to say", async () => {
    await using world = await LinkWorld.open({ fiveLines: {}, settleTurns: 1 });
    await world.pass(1000);
    const before = world.lines.edges.host;
    await world.pass(10_000);
    expect(world.lines.edges.host - before).toBeLessThan(10_000);
  });

  it("are found again when the modem crashes: the host's watchdog resets it", async () => {
    await using world = await LinkWorld.open({ fiveLines: {}, settleTurns: 1 });
    world.host.publish("result", "1", { qos: 1 });
    await world.pass(5);
    world.killModem();
    await world.pass(30_000);
    expect(world.statuses).toContain("NO_NET");
    expect([world.host.running, world.broker.textsOn("result").includes("1")]).toEqual([true, true]);
  });

  it("recover from glitches on the clock lines without losing a message at QoS 1", async () => {
    await using world = await LinkWorld.open({ fiveLines: { glitches: 0.0002 }, settleTurns: 1 });
    for (let index = 0; index < 20; index++) world.host.publish("result", String(index), { qos: 1 });
    await world.pass(300_000);
    expect(new Set(world.broker.textsOn("result")).size).toBe(20);
    expect(world.broker.textsOn("result").every((text) => /^\d+$/.test(text))).toBe(true);
    expect(world.host.lives).toBeGreaterThan(1);
  });

  it("work at any speed of either end", async () => {
    await using world = await LinkWorld.open({ fiveLines: { slownessMs: 3 }, settleTurns: 1 });
    world.host.publish("result", encodeUtf8("slow"), { qos: 1 });
    await world.pass(30_000);
    expect(world.broker.textsOn("result")).toEqual(["slow"]);
  });
});
