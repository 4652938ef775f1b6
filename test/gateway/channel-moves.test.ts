import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import { type BrokerLink, Gateway, MemoryStore, RadioGroup } from "../../src/gateway/index.ts";
import type { NativeNode } from "../../src/mote/index.ts";
import type { BridgeEvent, BridgeInfo } from "../../src/topics/index.ts";
import { World } from "./world.ts";

const hourMs = 3_600_000;

/** A native node that sleeps: it wakes anew each time, on the channel that its program names, with what it remembers. */
class Sleeper {
  readonly #world: World;
  readonly #address: string;
  #state: ReturnType<NativeNode["save"]>;
  readonly got: string[] = [];

  constructor(world: World, address: string) {
    this.#world = world;
    this.#address = address;
    world.radioOf(address);
  }

  get radio() {
    return this.#world.radioOf(this.#address);
  }

  async join(): Promise<void> {
    const node = this.#world.nativeNode(this.#address);
    expect(await this.#world.until(node.join())).toBe("joined");
    expect(await this.#world.until(node.subscribe("cmd"))).toBe("stored");
    this.#state = node.save();
  }

  /** What became of what it said. */
  async wake(text: string): Promise<string> {
    this.radio.wake();
    await this.radio.setChannel(6);
    const node = this.#world.nativeNode(this.#address, this.#state);
    const receive = ({ payload }: { payload: Uint8Array }) => void this.got.push(decodeUtf8(payload) ?? "");
    const outcome = await this.#world.until(node.publish("readings", text, { receive }));
    this.#state = node.save();
    this.radio.sleep();
    return outcome;
  }
}

async function sleeperIn(world: World, address: string): Promise<Sleeper> {
  const sleeper = new Sleeper(world, address);
  await sleeper.join();
  return sleeper;
}

/** How many frames it takes a sleeper to say something. */
async function framesOf(sleeper: Sleeper): Promise<number> {
  const before = sleeper.radio.account().framesSent;
  expect(await sleeper.wake("d")).toBe("stored");
  return sleeper.radio.account().framesSent - before;
}

function infoOf(world: World): Pick<BridgeInfo, "channel" | "move"> {
  const { channel, move } = JSON.parse(
    world.broker.textsOn("moteq/bridge/info").at(-1) ?? "{}",
  ) as BridgeInfo;
  return { channel, move };
}

function eventsOf(world: World): BridgeEvent[] {
  return world.broker
    .textsOn("moteq/bridge/event")
    .map((text) => JSON.parse(text) as BridgeEvent)
    .filter(({ type }) => type === "channel_moved");
}

describe("a planned move to another channel", () => {
  it("takes the sleepers along that were told, although the gateway was restarted, and names the others", async () => {
    await using world = await World.open();
    await world.ask("join/open", { code: false });
    const told = await sleeperIn(world, "020000000001");
    const asleep = await sleeperIn(world, "020000000002");
    const classic = world.linkNode("020000000003");
    expect(await world.until(classic.ping())).toBe("up");
    await world.ask("node/rename", { node: "020000000002", name: "barn" });

    const asked = world.clock.now();
    const { data } = await world.ask("channel/move", { channel: 11, seconds: 7200 });
    const at = (data as { at: string }).at;
    expect(Math.abs(Date.parse(at) - asked - 2 * hourMs)).toBeLessThan(1000);
    expect(infoOf(world)).toEqual({ channel: 6, move: { channel: 11, at } });
    expect(await told.wake("before")).toBe("stored");
    await world.restart(60_000);
    expect(infoOf(world)).toEqual({ channel: 6, move: { channel: 11, at } });
    await world.publish("cmd", "later");

    await world.pass(2 * hourMs);
    expect(infoOf(world)).toEqual({ channel: 11, move: null });
    expect(eventsOf(world)).toMatchObject([{ channel: 11, untold: ["barn", "020000000003"] }]);
    expect(world.broker.textsOn("gw_status").filter((line) => line.includes("now; nodes"))).toEqual([
      expect.stringMatching(/on channel 11 now; nodes that were not told, .*: barn, 020000000003$/),
    ]);

    const sent = () => told.radio.account().framesSent;
    const before = sent();
    expect(await told.wake("after")).toBe("stored");
    // It went there at once: a frame that finds the gateway started anew, the same in a new session, and what came.
    expect(sent() - before).toBe(3);
    expect(await asleep.wake("found")).toBe("stored");
    expect(await asleep.wake("again")).toBe("stored");
    expect(await world.until(classic.ping())).toBe("not-delivered");
    expect(await world.until(classic.scan())).toBe(11);
    expect(await world.until(classic.ping())).toBe("up");
    await world.pass(10);
    expect(world.broker.textsOn("readings")).toEqual(["before", "after", "found", "again"]);
    expect([told.got, asleep.got]).toEqual([["later"], ["later"]]);

    // The channel is remembered, until the settings name another.
    await world.restart();
    expect(infoOf(world)).toEqual({ channel: 11, move: null });
    expect(await told.wake("still there")).toBe("stored");
  });

  it("is made at the start when its time came while the gateway was down", async () => {
    await using world = await World.open();
    await world.ask("join/open", { code: false });
    const sleeper = await sleeperIn(world, "020000000001");
    await world.ask("channel/move", { channel: 1, seconds: 600 });
    await sleeper.wake("one");
    await world.restart(hourMs);
    expect(infoOf(world)).toEqual({ channel: 1, move: null });
    expect(await sleeper.wake("two")).toBe("stored");
  });

  it("is not made when it is cancelled, and a sleeper that knew of it hears that", async () => {
    await using world = await World.open();
    await world.ask("join/open", { code: false });
    const [one, two] = [await sleeperIn(world, "020000000001"), await sleeperIn(world, "020000000002")];
    await world.ask("channel/move", { channel: 11 });
    await one.wake("a");
    await two.wake("b");
    expect(await world.ask("channel/cancel", {})).toMatchObject({ data: { cancelled: true } });
    expect(await world.ask("channel/cancel", {})).toMatchObject({ data: { cancelled: false } });
    await world.restart();
    await one.wake("c");
    await world.pass(2 * hourMs);
    expect(infoOf(world)).toEqual({ channel: 6, move: null });
    expect(await framesOf(one)).toBe(1);
    // The other one went, found nobody, and came back.
    expect(await framesOf(two)).toBeGreaterThan(4);
    expect(await framesOf(two)).toBe(1);
  });

  it("takes the place of one that was planned before", async () => {
    await using world = await World.open();
    await world.ask("channel/move", { channel: 11, seconds: 60 });
    await world.ask("channel/move", { channel: 3, seconds: 120 });
    await world.pass(61_000);
    expect(infoOf(world)).toMatchObject({ channel: 6, move: { channel: 3 } });
    await world.pass(61_000);
    expect(infoOf(world)).toEqual({ channel: 3, move: null });
  });

  it("does not care when the time of day is set meanwhile", async () => {
    await using world = await World.open();
    await world.ask("channel/move", { channel: 11, seconds: 3600 });
    world.clock.step(5 * hourMs);
    await world.pass(hourMs - 60_000);
    expect(infoOf(world).channel).toBe(6);
    await world.pass(60_000);
    expect(infoOf(world).channel).toBe(11);
  });

  it("takes several radios along", async () => {
    await using world = await World.open({ radios: [{ x: -50 }, { x: 50 }] });
    await world.ask("channel/move", { channel: 11, seconds: 10 });
    await world.pass(10_000);
    expect(world.radios.map(({ channel }) => channel)).toEqual([11, 11]);
    expect(world.gateway.report().channel).toBe(11);
  });

  it("is tried again until the radio goes", async () => {
    await using world = await World.open();
    const { radio } = world;
    const original = radio.setChannel.bind(radio);
    let failures = 0;
    radio.setChannel = async () => {
      failures++;
      throw new Error("unplugged");
    };
    await world.ask("channel/move", { channel: 11, seconds: 10 });
    await world.pass(25_000);
    expect(failures).toBe(2);
    expect(world.broker.textsOn("gw_errors").at(-1)).toContain(
      "cannot go to channel 11, and is asked again: unplugged",
    );
    radio.setChannel = original;
    await world.pass(10_000);
    expect(infoOf(world)).toEqual({ channel: 11, move: null });
  });

  it.each([
    [{ channel: 6 }, "gateway/cannot-move", "on channel 6 already"],
    [{ channel: 15 }, "gateway/bad-request", "channel: expected a whole number from 1 to 14, got 15"],
    [{ channel: 1, seconds: 0 }, "gateway/bad-request", "seconds: expected"],
    [{}, "gateway/bad-request", "channel: is missing"],
  ])("is refused: %j", async (request, code, text) => {
    await using world = await World.open();
    expect(await world.ask("channel/move", request)).toMatchObject({
      status: "error",
      code,
      error: expect.stringContaining(text) as string,
    });
  });

  it("is refused by a radio that cannot change its channel", async () => {
    await using world = await World.open({ radios: [{}, {}] });
    const [fixed] = world.radios;
    Object.defineProperty(fixed, "setChannel", { value: undefined });
    const { clock } = world;
    const said: string[] = [];
    const client: BrokerLink = {
      connected: true,
      publish: async (topic, payload) => {
        if (topic.includes("response")) said.push(decodeUtf8(payload as Uint8Array) ?? "");
      },
      ping: async () => {},
      subscribe: async () => ({ unsubscribe: async () => {} }),
    };
    const radio = new RadioGroup(world.radios, { clock });
    const gateway = new Gateway({ radio, client, store: new MemoryStore(), clock });
    await gateway.start();
    const payload = encodeUtf8('{"channel":11}');
    void gateway.receive({ topic: "moteq/bridge/request/channel/move", payload, retain: false });
    await world.pass(10);
    expect(said.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      {
        status: "error",
        code: "gateway/cannot-move",
        error: expect.stringContaining("cannot change its channel") as string,
      },
    ]);
    await world.until(gateway.close());
  });
});

describe("a native node whose gateway is not heard", () => {
  it("looks for it the first, second and fourth time, and not each time", async () => {
    await using world = await World.open();
    await world.ask("join/open", { code: false });
    const sleeper = await sleeperIn(world, "020000000001");
    await world.radio.setChannel(9);
    world.radio.sleep();
    const spent: number[] = [];
    for (let round = 0; round < 5; round++) {
      const before = sleeper.radio.account().framesSent;
      expect(await sleeper.wake(`${round}`)).toBe("not-delivered");
      spent.push(sleeper.radio.account().framesSent - before);
    }
    expect(spent).toEqual([16, 16, 4, 16, 4]);
    world.radio.wake();
    for (let round = 5; round < 8; round++) await sleeper.wake(`${round}`);
    await world.pass(10);
    // All are there; those that had to wait, with the time at which they were taken.
    const late = world.broker
      .textsOn("moteq/020000000001/backfill")
      .map((text) => String((JSON.parse(text) as { value: unknown }).value));
    const all = new Set([...late, ...world.broker.textsOn("readings")]);
    expect([...all].toSorted()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  });

  it("is not taken to be where nothing but an acknowledgement is heard", async () => {
    await using world = await World.open();
    await world.ask("join/open", { code: false });
    const sleeper = await sleeperIn(world, "020000000001");
    await world.radio.setChannel(9);
    const { radio } = sleeper;
    const send = radio.send.bind(radio);
    Object.defineProperty(radio, "send", {
      value: (...frame: Parameters<typeof send>) =>
        radio.channel === 2 ? Promise.resolve(true) : send(...frame),
    });
    expect(await sleeper.wake("0")).toBe("stored");
    expect(radio.channel).toBe(9);
  });
});
