import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8 } from "../../src/base/index.ts";
import { Gateway, gatewayErrors, MemoryStore, type StoredState } from "../../src/gateway/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { Air, VirtualClock } from "../../src/virtual/index.ts";
import { World } from "./world.ts";

const one = "02000000aa01";

describe("Gateway", () => {
  it("starts once, however often it is told to", async () => {
    await using world = await World.open();
    const before = world.broker.requests.length;
    await world.gateway.start();
    await world.pass(10);
    expect(world.broker.requests).toHaveLength(before);
  });

  it("does not start when its store cannot be opened, and says why", async () => {
    class BrokenStore extends MemoryStore {
      override async open(): Promise<StoredState> {
        throw new Error("disk gone");
      }
    }
    await expect(World.open({ store: new BrokenStore() })).rejects.toThrow("disk gone");
  });

  it("greets the broker once, however often it is told of it", async () => {
    await using world = await World.open();
    world.gateway.brokerStatus({ type: "connected" });
    await world.pass(10);
    expect(world.broker.textsOn("gw_status")).toHaveLength(1);
  });

  it("warns of another one that says on its topic what it is, not of what an earlier one has left there", async () => {
    await using world = await World.open();
    const warnings = () => world.log.filter((line) => line.includes("Another gateway"));
    await world.publish("moteq/bridge/info", JSON.stringify({ address: "02006d6f7465" }));
    await world.publish("moteq/bridge/info", "noise");
    const other = JSON.stringify({ address: "02006d6f7466" });
    void world.gateway.receive({ topic: "moteq/bridge/info", payload: encodeUtf8(other), retain: true });
    expect(warnings()).toEqual([]);
    for (let count = 0; count < 3; count++) await world.publish("moteq/bridge/info", other);
    expect(warnings()).toEqual([expect.stringContaining("02006d6f7466, uses moteq/ at this broker")]);
  });

  it("lets a broker hear of no message that it takes when it is closed: it is brought to whoever runs then", async () => {
    await using world = await World.open();
    await world.say(one, '["cmd", 1]');
    await world.until(world.gateway.close());
    const taken = world.gateway.receive({ topic: "cmd", payload: new Uint8Array(), retain: false });
    let isAcknowledged = taken === undefined;
    void taken?.then(() => (isAcknowledged = true));
    await world.pass(60_000);
    expect(isAcknowledged).toBe(false);
  });

  it("closes once, and hears and says nothing after that", async () => {
    await using world = await World.open();
    await world.say(one, '["ping"]');
    for (let count = 0; count < 3; count++) await world.say(one, "noise");
    await world.until(Promise.all([world.gateway.close(), world.gateway.close()]));
    const before = world.broker.taken.length;
    expect(await world.say(one, '["ping"]')).toEqual([]);
    await world.publish("allnodes", "x");
    world.gateway.brokerStatus({ type: "disconnected" });
    void world.gateway.receive({ topic: "allnodes", payload: new Uint8Array(), retain: false });
    await world.pass(120_000);
    expect(world.broker.taken).toHaveLength(before);
    expect(world.counters.frames).toEqual({ ping: 1, "not-json": 3 });
  });

  it("takes no notice of subscriptions that end with the client", async () => {
    await using world = await World.open();
    world.broker.hang(true);
    await world.say(one, '["t", 1]');
    await world.until(world.gateway.close());
    await world.until(world.client.close());
    expect(world.counters.subscriptions.refused).toBeUndefined();
    world.broker.hang(false);
  });

  it("cannot be started after it was closed", async () => {
    const clock = new VirtualClock();
    const radio = new Air({ clock, random: createSeededRandom(1) }).join({ address: "02006d6f7465" });
    const client = new MqttClient({
      open: () => Promise.reject(new Error("none")),
      clock,
      random: createSeededRandom(1),
    });
    const gateway = new Gateway({
      radio,
      client,
      store: new MemoryStore(),
      clock,
      config: { classic: "open" },
    });
    await clock.runUntil(gateway.close());
    const error: unknown = await gateway.start().catch((caught: unknown) => caught);
    expect(gatewayErrors.is(error, "gateway/closed")).toBe(true);
  });

  it("waits for accepted messages when it is closed, and gives up after two seconds", async () => {
    await using world = await World.open();
    await world.say(one, '["ping"]');
    world.broker.hang(true);
    await world.say(one, '["shed", "x", false, 1]');
    const before = world.clock.monotonic();
    const closing = world.gateway.close();
    await world.pass(500);
    world.broker.hang(false);
    await world.until(closing);
    expect(world.clock.monotonic() - before).toBeLessThan(2000);
    expect(world.broker.textsOn("shed")).toEqual(["x"]);
  });

  it("closes within two seconds while the broker hangs", async () => {
    await using world = await World.open();
    world.broker.hang(true);
    await world.say(one, '["shed", "x", false, 1]');
    const before = world.clock.monotonic();
    await world.until(world.gateway.close());
    expect(world.clock.monotonic() - before).toBeLessThanOrEqual(2000);
    world.broker.hang(false);
  });
});
