import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, type OpenBytePort, toHex } from "../../src/base/index.ts";
import {
  type LinkNetwork,
  linkErrors,
  Modem,
  type ModemOptions,
  SerialWire,
  systemNetwork,
} from "../../src/link/index.ts";
import { createSeededRandom } from "../../src/base/index.ts";
import { createBytePortPair, VirtualClock } from "../../src/virtual/index.ts";
import { WatchedBroker } from "../gateway/broker.ts";

const init = "init|ssid|pw|192.168.0.9|||{}|1|0|0|1|60|0|1|4|10|0";

/** A modem, and a host that says and hears the classic strings; `|` stands for U+007F. */
class ClassicWorld implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly broker: WatchedBroker;
  readonly clock = new VirtualClock({
    async settle() {
      for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
  });
  readonly modem: Modem;
  readonly #host: SerialWire;

  private constructor(broker: WatchedBroker, settings: Partial<ModemOptions>) {
    const { clock } = this;
    const random = createSeededRandom(3);
    const pair = createBytePortPair({ clock, latencyMs: 1 });
    const wire = (port: (typeof pair)["left"]) => {
      const open: OpenBytePort = () => Promise.resolve(port);
      return new SerialWire({ open, clock, random });
    };
    this.broker = broker;
    this.#host = wire(pair.left);
    this.#host.start({
      onUp: () => this.heard.push("up"),
      onDown: () => this.heard.push("down"),
      onMessage: (bytes) => this.heard.push((decodeUtf8(bytes) ?? toHex(bytes)).replaceAll("\u007f", "|")),
      onWritable: () => {},
    });
    this.modem = new Modem({
      wire: wire(pair.right),
      clock,
      random,
      openBroker: () => ({ open: broker.open }),
      network: systemNetwork,
      time: { read: () => Promise.resolve(Date.UTC(2026, 0, 1)) },
      readMemory: () => ({ free: 23_000, allocated: 13_000 }),
      ...settings,
    });
    this.modem.start();
  }

  static async open(settings: Partial<ModemOptions> = {}): Promise<ClassicWorld> {
    const world = new ClassicWorld(await WatchedBroker.start(), settings);
    await world.clock.advance(100);
    world.heard.length = 0;
    return world;
  }

  /** Says strings, and returns what is heard within the time. */
  async say(texts: string | readonly string[], passMs = 100): Promise<string[]> {
    const before = this.heard.length;
    for (const text of [texts].flat()) this.#host.send(encodeUtf8(text.replaceAll("|", "\u007f")));
    await this.clock.advance(passMs);
    return this.heard.slice(before);
  }

  /** Resets the modem, as by its reset line. */
  async reset(): Promise<string[]> {
    const before = this.heard.length;
    this.#host.reset();
    await this.clock.advance(100);
    return this.heard.slice(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#host.close();
    await this.clock.runUntil(this.modem.close());
    await this.broker[Symbol.asyncDispose]();
  }
}

/** A network that notes what is asked of it. */
function createNetwork(usable: { default: boolean; specified: boolean }) {
  const asked: string[] = [];
  const network: LinkNetwork = {
    useDefault() {
      asked.push("default");
      return Promise.resolve(usable.default);
    },
    use({ ssid, password }) {
      asked.push(`${ssid} ${password}`);
      return usable.specified
        ? Promise.resolve()
        : Promise.reject(linkErrors.create("link/no-network", "no such network"));
    },
  };
  return { network, asked };
}

const running = ["t|1", "t|0", "t|5", "t|9"];

describe("a host that speaks the classic strings", () => {
  it("is told the statuses of a start, with and without a will", async () => {
    await using world = await ClassicWorld.open();
    expect(await world.say(init)).toEqual(["t|2", ...running]);
    expect(await world.reset()).toEqual(["down", "up"]);
    expect(await world.say("w|shed|gone|False|0")).toEqual(["t|7"]);
    expect(await world.say(init)).toEqual(["t|2", ...running]);
  });

  it("is asked before the network that it specified is used", async () => {
    const { network, asked } = createNetwork({ default: false, specified: true });
    await using world = await ClassicWorld.open({ network });
    expect(await world.say(init)).toEqual(["t|2", "t|3"]);
    expect(asked).toEqual(["default"]);
    expect(await world.say("1")).toEqual(running);
    expect(asked).toEqual(["default", "ssid pw"]);
  });

  it("may say anything to go on", async () => {
    const { network, asked } = createNetwork({ default: false, specified: true });
    await using world = await ClassicWorld.open({ network });
    await world.say(init);
    expect(await world.say("yes please")).toEqual(running);
    expect(asked).toEqual(["default", "ssid pw"]);
  });

  it("has no more than a thousand publications under way, whatever it sends", async () => {
    await using world = await ClassicWorld.open();
    await world.say(init);
    world.broker.cut();
    for (let burst = 0; burst < 15; burst++) {
      await world.say(
        Array.from({ length: 100 }, () => "p|t|m|0|1"),
        1000,
      );
    }
    expect(world.modem.report.drops["too-many"]).toBe(500);
    await world.say(
      Array.from({ length: 2000 }, (_, index) => `s|f/${index}|0`),
      30_000,
    );
    expect(world.modem.report.drops["too-many"]).toBe(1500);
    world.broker.restore();
    await world.clock.advance(60_000);
    expect(world.broker.textsOn("t").length).toBe(1000);
  });

  it("may refuse by a reset: its network is not used then", async () => {
    const { network, asked } = createNetwork({ default: false, specified: true });
    await using world = await ClassicWorld.open({ network });
    await world.say(init.replace("{}|1", "{}|0"));
    expect(world.heard).toEqual(["t|3"]);
    await world.reset();
    await world.clock.advance(60_000);
    expect(asked).toEqual([]);
    expect(world.modem.report).toMatchObject({ phase: "idle", lives: 2 });
  });

  it("hears after 15 s that the default network does not come", async () => {
    const network: LinkNetwork = { ...systemNetwork, useDefault: () => new Promise(() => {}) };
    await using world = await ClassicWorld.open({ network });
    expect(await world.say(init, 14_900)).toEqual(["t|2"]);
    expect(await world.say([], 200)).toEqual(["t|3"]);
  });

  it("hears that the network is lost before RUNNING, and the modem waits for a reset", async () => {
    const { network } = createNetwork({ default: false, specified: false });
    await using world = await ClassicWorld.open({ network });
    await world.say(init);
    expect(await world.say("1")).toEqual(["t|10|no such network"]);
    expect(await world.say([], 600_000)).toEqual([]);
    await world.reset();
    expect(await world.say(init)).toEqual(["t|2", "t|3"]);
  });

  it("hears that the broker refuses, or is absent", async () => {
    await using world = await ClassicWorld.open({
      openBroker: () => ({ open: () => Promise.reject(new Error("connect ECONNREFUSED")) }),
    });
    expect(await world.say(init)).toEqual([
      "t|2",
      "t|1",
      "t|8|the broker could not be reached: connect ECONNREFUSED",
    ]);
    expect(await world.say([], 600_000)).toEqual([]);
    expect(world.modem.report.phase).toBe("failed");
  });

  it("hears that the broker goes after RUNNING, and comes back", async () => {
    await using world = await ClassicWorld.open();
    await world.say(init);
    world.broker.cut();
    expect((await world.say([]))[0]).toMatch(/^t\|10/);
    expect(await world.say("p|t|at once|0|0")).toEqual(["t|4"]);
    expect(await world.say("p|t|later|0|1")).toEqual([]);
    world.broker.restore();
    expect(await world.say([], 60_000)).toEqual(["t|9", "t|4"]);
    expect(world.broker.textsOn("t")).toEqual(["at once", "later"]);
  });

  it("publishes and subscribes, and retains only what it says is to be", async () => {
    await using world = await ClassicWorld.open();
    await world.say(init);
    expect(await world.say("p|result|1|0|1")).toEqual(["t|4"]);
    expect(await world.say("p|result|2|1|0")).toEqual(["t|4"]);
    expect(world.broker.taken.map(({ text, retain, qos }) => [text, retain, qos])).toEqual([
      ["1", false, 1],
      ["2", true, 0],
    ]);
    await world.say("s|green|1");
    await world.broker.publish("green", "on");
    expect(await world.say([])).toEqual(["u|green|on"]);
    await world.broker.publish("green", Uint8Array.of(1, 0x7f));
    expect(await world.say([])).toEqual([]);
    expect(world.modem.report.drops).toEqual({ "not-sendable": 1 });
  });

  it("is told with 18 fields of init whether a message was retained", async () => {
    await using world = await ClassicWorld.open();
    await world.broker.publish("green", "on", { retain: true });
    await world.say(`${init}|pool.ntp.org`);
    expect(await world.say("s|green|1")).toEqual(["u|green|on|True"]);
  });

  it("gets the time and the memory", async () => {
    await using world = await ClassicWorld.open();
    expect(await world.say("i")).toEqual(["i|820540800"]);
    expect(await world.say("m")).toEqual(["m|23000|13000"]);
  });

  it("is told what was not understood, and nothing stops on it", async () => {
    await using world = await ClassicWorld.open();
    expect(await world.say("p|t|m|0|0")).toEqual(["t|6|Expected init, got: publish"]);
    expect(await world.say("nonsense|1")).toEqual(["t|6|Unknown command: nonsense|1"]);
    expect(await world.say("init|1|2|3")).toEqual(["t|6|Expected init, got: init|1|2|3"]);
    expect(await world.say("w|t")).toEqual(["t|6|Unknown command: w|t"]);
    expect(await world.say("p|t|m|maybe|0")).toEqual(["t|6|Unknown command: p|t|m|maybe|0"]);
    expect(await world.say("x".repeat(5000))).toEqual([`t|6|Unknown command: ${"x".repeat(60)}`]);
    expect(await world.say(init)).toEqual(["t|2", ...running]);
    expect(await world.say("s|a/#/b|1")).toEqual([]);
    expect(await world.say("p|#|m|0|1")).toEqual(["t|4"]);
    expect(world.modem.report).toMatchObject({ phase: "running", lives: 1 });
  });
});
