import { describe, expect, it } from "vitest";
import type { GatewaySettings } from "../../../src/gateway/index.ts";
import { NativeEnd } from "../../../src/mote/native-end.ts";
import { encodeJoin, nobleSeal, openJoinSecret, secretOfCode } from "../../../src/wire/index.ts";
import { World } from "../world.ts";

const address = "020000000001";
const gateway = "02006d6f7465";
const closed: GatewaySettings = { classic: "closed" };

/** Sends a join and no more: the node does not hear the answer. */
async function wishToJoin(world: World, node: string, secret: Uint8Array): Promise<void> {
  const random = Uint8Array.from({ length: 16 }, (_, index) => index);
  await world.say(node, encodeJoin(nobleSeal, { node, gateway }, secret, random));
}

async function codeOf(world: World): Promise<string> {
  const { data } = await world.ask("join/code", { days: 1 });
  return (data as { code: string }).code;
}

describe("a node that has asked to join and not used its key", () => {
  it("is not heard in plaintext: joining opens no other door", async () => {
    await using world = await World.open({ config: closed });
    await world.ask("join/open", { code: false });
    await wishToJoin(world, address, openJoinSecret);
    await world.ask("join/close", {});
    expect(world.node(address)).toMatchObject({ dialect: "native" });
    await world.say(address, '["t", "in plaintext", false, 0]');
    await world.say(address, '["cmd", 0]');
    expect(world.broker.textsOn("t")).toEqual([]);
    expect(world.node(address)?.counters).toMatchObject({ uplinks: 0, refused: 2 });
    expect(world.counters.frames["not-allowed"]).toBe(2);
  });

  it("goes on as a classic node if it was let in as one", async () => {
    await using world = await World.open({ config: closed });
    await world.ask("node/allow", { address });
    await world.ask("join/open", { code: false });
    await wishToJoin(world, address, openJoinSecret);
    await world.say(address, '["t", "in plaintext", false, 0]');
    expect(world.broker.textsOn("t")).toEqual(["in plaintext"]);
  });

  it("becomes a classic one when somebody lets it in as that", async () => {
    await using world = await World.open({ config: closed });
    await world.ask("join/open", { code: false });
    await wishToJoin(world, address, openJoinSecret);
    await world.ask("node/allow", { address });
    await world.say(address, '["t", "in plaintext", false, 0]');
    await world.restart();
    await world.say(address, '["t", "again", false, 0]');
    expect(world.broker.textsOn("t")).toEqual(["in plaintext", "again"]);
  });
});

/** A node that says one frame at a time, so that time can pass between them. */
class SlowNode {
  readonly #world: World;
  readonly #end = new NativeEnd({
    pair: { node: address, gateway },
    seal: nobleSeal,
    randomBytes: (length) => Uint8Array.from({ length }, (_, index) => index + 3),
    maximumFrameBytes: 250,
    maximumMessageBytes: 1000,
    outboxLimit: 5,
    state: undefined,
  });

  constructor(world: World) {
    this.#world = world;
    world.at(address).radio.listen(({ bytes }) => void this.#end.receive(bytes));
  }

  async join(secret: Uint8Array): Promise<void> {
    await this.#world.say(address, this.#end.join(secret));
  }

  /** Says what it has to say, three times: the first may only begin a session. */
  async speak(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const frame of this.#end.frames(true, false, this.#world.clock.now())?.frames ?? []) {
        await this.#world.say(address, frame);
      }
    }
  }
}

describe("a key that was offered", () => {
  it("is the node's when it uses it", async () => {
    await using world = await World.open({ config: closed });
    const node = new SlowNode(world);
    await node.join(secretOfCode(await codeOf(world)));
    await world.pass(500_000);
    await node.speak();
    expect(world.counters.frames.uplink).toBeGreaterThan(0);
    expect((await world.ask("join/close", { codes: true })).data).toMatchObject({ revoked: 0 });
  });

  it.each([
    ["its code was revoked", async (world: World) => void (await world.ask("join/close", { codes: true }))],
    ["its code has expired", async (world: World) => world.pass(2 * 86_400_000)],
    ["it was not used for ten minutes", async (world: World) => world.pass(601_000)],
    [
      "another node has used its code",
      async (world: World, code: string) => {
        expect(await world.until(world.nativeNode("020000000002").join(code))).toBe("joined");
      },
    ],
  ])("is worth nothing any more when %s", async (_, spoil) => {
    await using world = await World.open({ config: closed });
    const code = await codeOf(world);
    const node = new SlowNode(world);
    await node.join(secretOfCode(code));
    await spoil(world, code);
    const { uplink = 0 } = world.counters.frames;
    await node.speak();
    expect(world.counters.frames).toMatchObject({ "not-joined": expect.any(Number) as number });
    expect(world.counters.frames.uplink ?? 0).toBe(uplink);
  });
});

describe("a provisioning code", () => {
  it("lets one node in of two that use it at once", async () => {
    await using world = await World.open({ config: closed });
    const code = await codeOf(world);
    const nodes = ["020000000001", "020000000002"].map((one) => world.nativeNode(one));
    const outcomes = await world.until(Promise.all(nodes.map(async (node) => node.join(code))));
    expect(outcomes.filter((outcome) => outcome === "joined")).toHaveLength(1);
  });

  it("lets nobody in when it has expired", async () => {
    await using world = await World.open({ config: closed });
    const code = await codeOf(world);
    await world.pass(86_400_000);
    expect(await world.until(world.nativeNode(address).join(code))).not.toBe("joined");
  });
});
