import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import type { MacAddress, Radio, ReceivedFrame } from "../../src/device/index.ts";
import { type BrokerLink, Gateway, type GatewaySettings, MemoryStore } from "../../src/gateway/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

const node = "02000000aa01";

/** A radio whose sends end when and how the test says. */
class HeldRadio implements Radio {
  readonly address = "02006d6f7465";
  readonly channel = 1;
  readonly maximumFrameBytes = 250;
  readonly sending: { text: string | undefined; end: (outcome: boolean | Error) => void }[] = [];
  #listener: (frame: ReceivedFrame) => void = () => {};

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(_destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (outcome: boolean | Error) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      this.sending.push({ text: decodeUtf8(bytes), end });
    });
  }

  async close(): Promise<void> {}

  hear(text: string): void {
    this.#listener({ source: node, bytes: encodeUtf8(text) });
  }
}

/** A link on which all goes well at once. */
const link: BrokerLink = {
  connected: true,
  publish: async () => {},
  ping: async () => {},
  subscribe: async () => ({ unsubscribe: async () => {} }),
};

async function start(config: GatewaySettings = {}) {
  const radio = new HeldRadio();
  const clock = new VirtualClock();
  const gateway = new Gateway({
    radio,
    client: link,
    store: new MemoryStore(),
    clock,
    config: { classic: "open", ...config },
  });
  await gateway.start();
  const tell = async (topic: string, text: string) => {
    void gateway.receive({ topic, payload: encodeUtf8(text), retain: false });
    await clock.advance(0);
  };
  return { radio, clock, gateway, tell };
}

describe("a gateway whose radio is slow", () => {
  it("sends one frame of a node at a time", async () => {
    const { radio, clock } = await start();
    for (let count = 0; count < 3; count++) radio.hear('["ping"]');
    await clock.advance(1000);
    expect(radio.sending.map(({ text }) => text)).toEqual(["UP"]);
    radio.sending[0]?.end(true);
    await clock.advance(0);
    expect(radio.sending.map(({ text }) => text)).toEqual(["UP", "UP"]);
  });

  it("keeps as many answers as may wait for a node, and drops and counts the others", async () => {
    const { radio, clock, gateway } = await start({ limits: { replies: 4 } });
    for (let count = 0; count < 20; count++) radio.hear('["ping"]');
    await clock.advance(0);
    expect(gateway.report().counters.replies).toEqual({ dropped: 15 });
    for (let count = 0; count < 5; count++) {
      radio.sending[count]?.end(true);
      await clock.advance(0);
    }
    expect(gateway.report().counters.replies).toEqual({ dropped: 15, sent: 5 });
    expect(radio.sending).toHaveLength(5);
  });

  it("counts a message that was evicted while it was on the air once, as dropped", async () => {
    const { radio, clock, gateway, tell } = await start({ qlen: 1 });
    radio.hear('["get"]');
    await tell("allnodes", "1");
    radio.hear('["get"]');
    await clock.advance(0);
    await tell("allnodes", "2");
    radio.sending[0]?.end(true);
    await clock.advance(0);
    radio.sending[1]?.end(true);
    await clock.advance(0);
    expect(radio.sending.map(({ text }) => text)).toEqual([
      '["allnodes", "1", false]',
      '["allnodes", "2", false]',
    ]);
    expect(gateway.report().counters.deliveries).toEqual({ queued: 2, "queue-full": 1, acknowledged: 1 });
    expect(gateway.report().nodes[0]?.queued).toBe(0);
  });

  it("tries again when the node asks while its message is failing", async () => {
    const { radio, clock, tell } = await start();
    radio.hear('["get"]');
    await tell("allnodes", "1");
    radio.hear('["get"]');
    await clock.advance(0);
    radio.hear('["get"]');
    radio.sending[0]?.end(false);
    await clock.advance(0);
    expect(radio.sending).toHaveLength(2);
    radio.sending[1]?.end(false);
    await clock.advance(0);
    expect(radio.sending).toHaveLength(2);
  });

  it("survives sends that raise, keeps the message, and says so once", async () => {
    const { radio, clock, gateway, tell } = await start({ lpmode: false });
    radio.hear('["ping"]');
    await clock.advance(0);
    radio.sending[0]?.end(new Error("unplugged"));
    await tell("allnodes", "1");
    radio.sending[1]?.end(new Error("unplugged"));
    await clock.advance(0);
    expect(gateway.report()).toMatchObject({
      nodes: [{ queued: 1, state: "asleep" }],
      counters: { replies: { failed: 1 } },
    });
    radio.hear('["get"]');
    await clock.advance(0);
    radio.sending[2]?.end(true);
    await clock.advance(0);
    expect(gateway.report().nodes[0]).toMatchObject({ queued: 0, state: "awake" });
  });

  it("closes within two seconds though a send never ends", async () => {
    const { radio, clock, gateway } = await start();
    radio.hear('["ping"]');
    await clock.advance(0);
    const before = clock.monotonic();
    await clock.runUntil(gateway.close());
    expect(clock.monotonic() - before).toBeLessThanOrEqual(2000);
  });
});
