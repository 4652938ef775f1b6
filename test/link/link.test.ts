import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import type { LinkLife } from "../../src/link/index.ts";
import { disturber } from "../wire/serial-line.ts";
import { LinkWorld } from "./world.ts";

describe("a host and its modem", () => {
  it("come up in the order of the statuses", async () => {
    await using world = await LinkWorld.open();
    expect(world.statuses).toEqual(["DEFNET", "BROKER_CHECK", "BROKER_OK", "RUNNING", "WIFI_UP"]);
    expect(world.host.running).toBe(true);
    expect(world.modem.report).toMatchObject({ phase: "running", dialect: "native", lives: 1, drops: {} });
  });

  it("carry messages of any bytes both ways, with QoS and retain as they are", async () => {
    await using world = await LinkWorld.open();
    const payload = Uint8Array.from({ length: 2000 }, (_, index) => index & 255);
    expect(world.host.publish("result/träger", payload, { qos: 1, retain: true })).toBe(true);
    world.host.publish("result", "1");
    await world.pass(100);
    expect(world.broker.taken.map(({ topic, qos, retain }) => ({ topic, qos, retain }))).toEqual([
      { topic: "result/träger", qos: 1, retain: true },
      { topic: "result", qos: 0, retain: false },
    ]);
    expect(world.broker.taken[0]?.payload).toEqual(payload);
    const received: Uint8Array[] = [];
    world.host.subscribe("result/#", (_topic, bytes) => void received.push(bytes), { qos: 1 });
    world.host.subscribe("green", world.collect, { qos: 1 });
    await world.pass(100);
    await world.broker.publish("green", "on");
    await world.pass(100);
    expect(received).toEqual([payload]);
    expect(world.messages).toEqual(["green on"]);
    world.host.unsubscribe("green");
    await world.pass(100);
    expect(world.broker.requests).toEqual(["result/#", "green", "-green"]);
  });

  it("drop what is longer than the other end takes, and count it, in place of waiting for ever", async () => {
    await using world = await LinkWorld.open({ wire: { maximumMessage: 1000 } });
    const done: string[] = [];
    const long = new Uint8Array(2000);
    world.host.publish("t", long, { qos: 1, onDone: (ok) => done.push(`long ${ok}`) });
    world.host.publish("t", "short", { qos: 1, onDone: (ok) => done.push(`short ${ok}`) });
    world.host.subscribe("in", world.collect, { qos: 1 });
    await world.pass(200);
    expect(done).toEqual(["long false", "short true"]);
    expect(world.troubles).toEqual([expect.stringContaining("too long for the modem")]);
    await world.broker.publish("in", "x".repeat(2000));
    await world.broker.publish("in", "short");
    await world.pass(200);
    expect(world.messages).toEqual(["in short"]);
    expect(world.modem.report.drops).toEqual({ "too-long": 1 });
    expect(world.host.lives).toBe(1);
  });

  it("take publications before the modem is there, in order, up to the limit", async () => {
    await using world = await LinkWorld.open({ host: { queueLimit: 5 } });
    world.broker.cut();
    await world.pass(1000);
    const taken = Array.from({ length: 7 }, (_, index) => world.host.publish("t", String(index), { qos: 1 }));
    expect(taken).toEqual([true, true, true, true, true, false, false]);
    expect([world.host.pending, world.host.dropped, world.host.running]).toEqual([5, 2, false]);
    world.broker.restore();
    await world.pass(60_000);
    expect(world.broker.textsOn("t")).toEqual(["0", "1", "2", "3", "4"]);
    expect(world.host.pending).toBe(0);
  });

  it("say when the broker goes and comes, and go on by themselves", async () => {
    await using world = await LinkWorld.open();
    world.statuses.length = 0;
    world.broker.cut();
    await world.pass(1000);
    expect([world.statuses[0], world.host.running]).toEqual(["WIFI_DOWN", false]);
    world.broker.restore();
    await world.pass(60_000);
    expect([world.statuses.at(-1), world.host.running, world.host.lives]).toEqual(["WIFI_UP", true, 1]);
  });

  it("begin anew when the broker refuses or is absent at the start", async () => {
    await using world = await LinkWorld.open({ modem: { openBroker: () => ({ open: nobody }) } });
    expect(world.statuses).toEqual(["DEFNET", "BROKER_CHECK", "BROKER_FAIL"]);
    await world.pass(20_000);
    expect(world.host.lives).toBeGreaterThan(2);
    expect(world.host.lives).toBeLessThan(20);
    expect(world.troubles[0]).toBe("modem: the broker could not be reached: nobody there");
  });

  it("restore subscriptions and run userStart again after a reset, when tasks of the life before have ended", async () => {
    const events: string[] = [];
    const userStart = (life: LinkLife) => {
      events.push(`start ${life.number}`);
      life.run(async (signal) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        await Promise.resolve();
        events.push(`task of ${life.number} ended`);
      });
    };
    await using world = await LinkWorld.open({ host: { userStart } });
    world.host.subscribe("green", world.collect, { qos: 1 });
    await world.pass(100);
    world.killModem();
    await world.pass(5000);
    expect(events).toEqual(["start 1", "task of 1 ended", "start 2"]);
    expect(world.statuses).toContain("NO_NET");
    await world.broker.publish("green", "off");
    await world.pass(100);
    expect(world.messages).toEqual(["green off"]);
  });

  it("lose no message at QoS 1 when the modem is killed 200 times under load", async () => {
    await using world = await LinkWorld.open({ host: { queueLimit: 10_000 }, settleTurns: 4 });
    const random = createSeededRandom(20_261_121);
    let sent = 0;
    for (let kill = 0; kill < 200; kill++) {
      for (let more = 0; more < 25; more++) world.host.publish("t", String(sent++), { qos: 1 });
      await world.pass(random.next() * 20);
      world.killModem();
      await world.pass(random.next() < 0.5 ? 1500 : random.next() * 1500);
    }
    await world.pass(60_000);
    const arrived = new Set(world.broker.textsOn("t"));
    expect(arrived.size).toBe(sent);
    expect([world.host.pending, world.host.dropped]).toEqual([0, 0]);
    expect(world.host.lives).toBeGreaterThan(150);
  });

  it("lose and double nothing on a line that alters, loses and doubles bytes", async () => {
    const random = createSeededRandom(5);
    await using world = await LinkWorld.open({ disturb: disturber(random, 1 / 1000) });
    world.host.subscribe("down", world.collect, { qos: 1 });
    await world.pass(20_000);
    for (let index = 0; index < 90; index++) {
      world.host.publish("up", `${index} ${"x".repeat(150)}`, { qos: 1 });
      await world.broker.publish("down", String(index));
    }
    await world.pass(120_000);
    expect(world.broker.textsOn("up").map((text) => Number.parseInt(text, 10))).toEqual(count(90));
    expect(world.messages).toEqual(count(90).map((index) => `down ${index}`));
    expect(world.host.lives).toBe(1);
  });

  it("keep a message unacknowledged at the broker until the host's handler has it", async () => {
    const init = { clientId: "host", cleanSession: false };
    const unfinished: (() => void)[] = [];
    await using world = await LinkWorld.open({ host: { init } });
    const handler = () => new Promise<void>((resolve) => unfinished.push(resolve));
    world.host.subscribe("job", handler, { qos: 1 });
    await world.pass(100);
    await world.broker.publish("job", "1");
    await world.pass(100);
    expect(unfinished.length).toBe(1);
    world.killModem();
    await world.pass(5000);
    expect(unfinished.length).toBe(2);
    for (const finish of unfinished) finish();
    await world.pass(100);
    world.killModem();
    await world.pass(5000);
    expect(unfinished.length).toBe(2);
  });

  it("hold a thousand messages for handlers that take their time, and let more at QoS 0 go", async () => {
    await using world = await LinkWorld.open();
    world.host.subscribe("slow", () => new Promise<void>(() => {}));
    await world.pass(100);
    for (let burst = 0; burst < 12; burst++) {
      for (let more = 0; more < 100; more++) void world.broker.publish("slow", "x", { qos: 0 });
      await world.pass(1000);
    }
    expect(world.host.overrun).toBe(200);
  });

  it("take the tuple of the classic host programs, and what it says of the clock", async () => {
    const tuple = ["init", "ssid", "pw", "broker", "", "", "{}", 1, 0, 0, 1, 60, 30, 0, 0];
    const times: number[] = [];
    const onTime = (time: number) => void times.push(time);
    await using world = await LinkWorld.open({ host: { init: tuple, onTime } });
    await world.pass(125_000);
    expect(world.inits).toMatchObject([
      { ssid: "ssid", broker: "broker", keepaliveSeconds: 30, cleanSession: false },
    ]);
    expect(times.length).toBe(3);
    expect(() => world.startHost({ init: tuple.slice(0, 12) })).toThrow("INIT is");
  });

  it("set the host's clock once, or again and again, with the local offset", async () => {
    const times: number[] = [];
    const onTime = (time: number) => void times.push(time);
    await using world = await LinkWorld.open({ host: { onTime, clockSync: 60, localTimeOffsetHours: 2 } });
    await world.pass(150_000);
    expect(times.length).toBe(3);
    expect(times[0]).toBeGreaterThan(world.clock.now() - 150_200 + 2 * 3_600_000);
    expect(world.host.timeSynchronised).toBe(true);
  });

  it("answer mem, and begin anew after what the modem does not know", async () => {
    const memory: unknown[] = [];
    await using world = await LinkWorld.open({ host: { onMemory: ({ free }) => void memory.push(free) } });
    expect(world.host.command("mem")).toBe(true);
    await world.pass(100);
    expect(memory).toEqual([1000]);
    world.host.command("explode", "now");
    await world.pass(5000);
    expect(world.statuses).toContain("UNKNOWN");
    expect([world.host.lives, world.host.running]).toEqual([2, true]);
  });

  it("publish the will when the host is lost, and not when it says goodbye", async () => {
    const will = { topic: "gone", message: "host" };
    await using world = await LinkWorld.open({ host: { will } });
    expect(world.statuses[0]).toBe("WILLOK");
    await world.clock.runUntil(world.host.close());
    await world.pass(1000);
    expect(world.broker.textsOn("gone")).toEqual([]);
    world.startHost();
    await world.pass(2000);
    expect(world.host.running).toBe(true);
    world.freezeLine();
    await world.pass(20_000);
    expect(world.broker.textsOn("gone")).toEqual(["host"]);
    expect(world.modem.report.phase).toBe("no-host");
  });
});

function count(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function nobody(): Promise<never> {
  return Promise.reject(new Error("nobody there"));
}
