import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import type { MacAddress, Radio, ReceivedFrame } from "../../src/device/index.ts";
import { type BrokerLink, Gateway, MemoryStore, RadioGroup } from "../../src/gateway/index.ts";
import { Air, VirtualClock } from "../../src/virtual/index.ts";
import { describeRadio } from "../support/radio-conformance.ts";
import { gatewayAddress, World } from "./world.ts";

const node = "02000000aa01";

describeRadio("two as one", async () => {
  const clock = new VirtualClock();
  const air = new Air({ clock, random: createSeededRandom(3) });
  const shared = { address: gatewayAddress, sharesAddress: true, receiveBufferBytes: 1e6 };
  const left = new RadioGroup([air.join(shared), air.join({ ...shared, x: 50 })], { clock });
  const right = air.join({ address: node, x: 20, receiveBufferBytes: 1e6 });
  return { left, right, settled: (promise) => clock.runUntil(promise) };
});

/** A radio that does as the test says. */
class ScriptedRadio implements Radio {
  readonly address = gatewayAddress;
  readonly maximumFrameBytes = 250;
  channel = 1;
  problem: string | undefined;
  /** What `send` does. */
  outcome: boolean | Error | "nothing" = true;
  readonly sent: string[] = [];
  setChannel: ((channel: number) => Promise<void>) | undefined = async (channel) => {
    if (this.outcome instanceof Error) throw this.outcome;
    this.channel = channel;
  };
  #listener: (frame: ReceivedFrame) => void = () => {};

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    this.sent.push(`${destination} ${decodeUtf8(bytes)}`);
    if (this.outcome === "nothing") return new Promise(() => {});
    if (this.outcome instanceof Error) throw this.outcome;
    return this.outcome;
  }

  async close(): Promise<void> {}

  hear(text: string, rssi: number, source = node): void {
    this.#listener({ source, bytes: encodeUtf8(text), rssi });
  }
}

function createGroup(count = 2, options = {}) {
  const clock = new VirtualClock();
  const radios = Array.from({ length: count }, () => new ScriptedRadio());
  const group = new RadioGroup(radios, { clock, ...options });
  const heard: string[] = [];
  group.listen(({ bytes, rssi }) => heard.push(`${decodeUtf8(bytes)} ${rssi}`));
  const [first, second, third] = radios as [ScriptedRadio, ScriptedRadio, ScriptedRadio];
  const send = (text: string) => clock.runUntil(group.send(node, encodeUtf8(text)));
  return { clock, group, heard, first, second, third, send };
}

describe("several radios as one", () => {
  it("take a frame once that two hear, whichever is first", () => {
    const { first, second, heard } = createGroup();
    first.hear("one", -70);
    second.hear("one", -50);
    second.hear("two", -50);
    first.hear("two", -70);
    expect(heard).toEqual(["one -70", "two -50"]);
  });

  it("take what a node says twice twice, each copy once, however the copies arrive", () => {
    const { first, second, heard } = createGroup();
    first.hear("same", -70);
    first.hear("same", -70);
    second.hear("same", -50);
    second.hear("same", -50);
    second.hear("same", -50);
    first.hear("same", -70);
    expect(heard).toHaveLength(3);
  });

  it("take a frame anew that comes again after a while", async () => {
    const { clock, first, second, heard } = createGroup();
    first.hear("same", -70);
    await clock.advance(101);
    second.hear("same", -50);
    expect(heard).toEqual(["same -70", "same -50"]);
  });

  it("send by the one that heard the node best lately", async () => {
    const { clock, first, second, send } = createGroup();
    first.hear("a", -80);
    second.hear("a", -60);
    expect(await send("to the second")).toBe(true);
    await clock.advance(60_000);
    first.hear("b", -80);
    expect(await send("to the first, the other heard it long ago")).toBe(true);
    expect(second.sent).toEqual([`${node} to the second`]);
    expect(first.sent).toEqual([`${node} to the first, the other heard it long ago`]);
  });

  it.each([
    ["says that nobody acknowledged", false],
    ["throws", new Error("unplugged")],
    ["says nothing", "nothing"],
  ] as const)("send by the next one where one %s", async (_what, outcome) => {
    const { first, second, send } = createGroup();
    first.outcome = outcome;
    expect(await send("x")).toBe(true);
    expect(first.sent).toEqual(second.sent);
  });

  it("leave the ones out that say that they do not work, and try those last that failed", async () => {
    const { group, first, second, third, send } = createGroup(3);
    first.problem = "unplugged";
    second.outcome = new Error("jammed");
    await send("one");
    second.outcome = true;
    await send("two");
    expect([first.sent.length, second.sent.length, third.sent.length]).toEqual([0, 1, 2]);
    expect(group.degraded).toBe("2 of 3 radios: radio 1: unplugged; radio 2: jammed");
    expect(group.problem).toBeUndefined();
    second.hear("it works again", -50);
    expect(group.degraded).toBe("1 of 3 radios: radio 1: unplugged");
  });

  it("have a problem only when none works", async () => {
    const { group, first, second, send } = createGroup();
    expect([group.problem, group.degraded]).toEqual([undefined, undefined]);
    first.problem = "unplugged";
    second.outcome = new Error("jammed");
    await expect(send("x")).rejects.toThrow("jammed");
    expect(group.problem).toBe("radio 1: unplugged; radio 2: jammed");
    expect(group.degraded).toBeUndefined();
  });

  it("go to another channel together, and fetch one that was away", async () => {
    const { group, first, second, send } = createGroup();
    second.outcome = new Error("unplugged");
    await group.setChannel?.(11);
    expect([group.channel, first.channel, second.channel]).toEqual([11, 11, 1]);
    expect(group.degraded).toBe("1 of 2 radios: radio 2: it is on channel 1");
    second.outcome = true;
    await send("x");
    expect(second.channel).toBe(11);
    expect(group.degraded).toBeUndefined();
  });

  it("stay where they are when none can go", async () => {
    const { group, first, second } = createGroup();
    first.outcome = new Error("no");
    second.outcome = new Error("no");
    await expect(group.setChannel?.(11)).rejects.toThrow("no");
    expect([group.channel, group.problem]).toEqual([1, undefined]);
  });

  it("cannot change their channel when one of them cannot", () => {
    const fixed = new ScriptedRadio();
    fixed.setChannel = undefined;
    const group = new RadioGroup([new ScriptedRadio(), fixed], { clock: new VirtualClock() });
    expect(group.setChannel).toBeUndefined();
  });

  it("remember no more nodes than they may", () => {
    const { first, second, heard } = createGroup(2, { sources: 2 });
    for (const source of ["020000000001", "020000000002", "020000000003"]) first.hear("x", -50, source);
    second.hear("x", -50, "020000000003");
    expect(heard).toHaveLength(3);
    second.hear("x", -50, "020000000001");
    expect(heard).toHaveLength(4);
  });

  it("are refused when they differ in address or channel", () => {
    const clock = new VirtualClock();
    const elsewhere = new ScriptedRadio();
    elsewhere.channel = 6;
    expect(() => new RadioGroup([], { clock })).toThrow("one at least");
    expect(() => new RadioGroup([new ScriptedRadio(), elsewhere], { clock })).toThrow(
      /expected .* on 1, got/,
    );
  });
});

describe("a gateway with two radios", () => {
  /** Two radios with the nodes between them, each of which loses a third of all frames on its own. */
  const radios = [
    { x: -75, faults: { loss: 0.3 } },
    { x: 75, faults: { loss: 0.3 } },
  ];

  it("loses nothing of classic and native nodes when one is pulled in mid-conversation", async () => {
    await using world = await World.open({ radios });
    const [east, west] = world.radios;
    const classic = world.linkNode("020000000001");
    // From now on it is known to speak `link`.
    while ((await world.until(classic.ping())) !== "up") await world.pass(100);
    await world.ask("join/open", { code: false });
    const native = world.nativeNode("020000000002");
    expect(await world.until(native.join())).toBe("joined");
    await world.until(native.subscribe("cmd"));
    const acknowledged: string[] = [];
    const got: string[] = [];
    for (let round = 0; round < 60; round++) {
      if (round === 20) east?.sleep();
      if (round === 40) {
        east?.wake();
        west?.sleep();
      }
      const text = `${round}`;
      if ((await world.until(classic.publish("classic", text))) === "acknowledged") acknowledged.push(text);
      await world.publish("cmd", text);
      await world.until(
        native.publish("native", text, { receive: ({ payload }) => got.push(decodeUtf8(payload) ?? "") }),
      );
    }
    // Its last words, and what waits yet.
    for (let round = 0; round < 3; round++) {
      await world.until(native.exchange(({ payload }) => got.push(decodeUtf8(payload) ?? "")));
    }
    await world.pass(100);
    const all = Array.from({ length: 60 }, (_, round) => `${round}`);
    expect(world.broker.textsOn("native")).toEqual(all);
    expect(got).toEqual(all);
    // The classic node repeats nothing: what was acknowledged to it is there.
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(world.broker.textsOn("classic")).toEqual(expect.arrayContaining(acknowledged));
  });

  it("takes a frame once that both hear, and says how strong the nearer one heard it", async () => {
    await using world = await World.open({ radios: [{ x: 0 }, { x: 100 }] });
    world.at(node).radio.moveTo(80, 0);
    await world.say(node, '["t", "1", false, 1]');
    expect(world.broker.textsOn("t")).toEqual(["1"]);
    const far = world.node(node)?.rssi ?? 0;
    await world.say(node, '["t", "2", false, 1]');
    expect(world.broker.textsOn("t")).toEqual(["1", "2"]);
    expect(world.node(node)?.rssi).toBeGreaterThan(far);
  });

  it("says that its radio is degraded while one of them does not work, and failed when none does", async () => {
    const { clock, group, first, second } = createGroup();
    const client: BrokerLink = {
      connected: true,
      publish: async () => {},
      ping: async () => {},
      subscribe: async () => ({ unsubscribe: async () => {} }),
    };
    const gateway = new Gateway({ radio: group, client, store: new MemoryStore(), clock });
    expect(gateway.health().radio).toEqual({ status: "ok" });
    first.problem = "unplugged";
    const one = { status: "degraded", problem: "1 of 2 radios: radio 1: unplugged" };
    expect(gateway.health()).toMatchObject({ status: "degraded", radio: one });
    second.problem = "unplugged";
    expect(gateway.health().radio.status).toBe("failed");
  });
});
