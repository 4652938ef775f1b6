import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8 } from "../../src/base/index.ts";
import { DongleWorld, dongleAddress, firmware } from "./dongle-world.ts";

const nodeAddress = "02000000bb01";

/** A node on the air that collects what it hears. */
function joinNode(dongle: DongleWorld, address = nodeAddress, channel = 1) {
  const radio = dongle.world.air.join({ address, channel });
  const heard: string[] = [];
  radio.listen(({ source, bytes }) => heard.push(`${source} ${new TextDecoder().decode(bytes)}`));
  return { radio, heard };
}

describe("a dongle", () => {
  it("says what it is, and has the address of its chip", async () => {
    await using dongle = new DongleWorld();
    const radio = await dongle.openRadio({ channel: 6 });
    expect([radio.address, radio.channel, radio.maximumFrameBytes]).toEqual([dongleAddress, 6, 250]);
    expect(radio.description).toEqual({ version: 1, micropython: "1.27.0", machine: "JS with Emscripten" });
    expect(dongle.said).toEqual([]);
  });

  it("hears nodes, with how strong they are, and answers them", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ channel: 11 });
    const { radio: node, heard } = joinNode(dongle, nodeAddress, 11);
    const frames: unknown[] = [];
    radio.listen((frame) => frames.push({ ...frame, bytes: new TextDecoder().decode(frame.bytes) }));
    await clock.runUntil(node.send(dongleAddress, encodeUtf8('["ping"]')));
    await clock.advance(100);
    expect(frames).toEqual([{ source: nodeAddress, bytes: '["ping"]', rssi: -40 }]);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("UP")))).toBe(true);
    expect(heard).toEqual([`${dongleAddress} UP`]);
  });

  it("speaks with its access point's address where ESP8266 nodes need that", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ accessPoint: true });
    expect(radio.address).toBe("70041dad8f11");
    const { radio: node, heard } = joinNode(dongle);
    let frames = 0;
    radio.listen(() => frames++);
    expect(await clock.runUntil(node.send(radio.address, Uint8Array.of(1)))).toBe(true);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("UP")))).toBe(true);
    await clock.advance(100);
    expect(heard).toEqual(["70041dad8f11 UP"]);
    expect(frames).toBe(1);
  });

  it("takes the address it is told, so that nodes need not know which chip it is", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ address: "02006d6f7465" });
    expect(radio.address).toBe("02006d6f7465");
    const { radio: node } = joinNode(dongle);
    expect(await clock.runUntil(node.send("02006d6f7465", Uint8Array.of(1)))).toBe(true);
    expect(await clock.runUntil(node.send(dongleAddress, Uint8Array.of(1)))).toBe(false);
  });

  it("sets power and rate, and says what its chip would not do", async () => {
    await using dongle = new DongleWorld({
      files: { "main.py": firmware.replace('{"txpower": power}', '{"tx_power": power}') },
    });
    await dongle.openRadio({ power: 12, longRange: true });
    expect(dongle.said).toEqual([
      "warn: the dongle's chip would not set tx_power: ValueError('unknown config param',)",
    ]);
  });

  it("reaches more nodes than ESP-NOW knows peers", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    const nodes = Array.from({ length: 50 }, (_, index) =>
      joinNode(dongle, `0200000000${(index + 16).toString(16)}`),
    );
    for (let round = 0; round < 2; round++) {
      const sent = nodes.map(({ radio: node }) => radio.send(node.address, encodeUtf8(`round ${round}`)));
      expect(new Set(await clock.runUntil(Promise.all(sent)))).toEqual(new Set([true]));
    }
    expect(nodes.every(({ heard }) => heard.length === 2)).toBe(true);
    expect(await clock.runUntil(radio.statistics())).toMatchObject({ sent: 100, refused: 0 });
  });

  it("sends to everybody", async () => {
    await using dongle = new DongleWorld();
    const radio = await dongle.openRadio();
    const nodes = [joinNode(dongle), joinNode(dongle, "02000000bb02")];
    expect(await dongle.world.clock.runUntil(radio.send("ffffffffffff", encodeUtf8("all")))).toBe(true);
    expect(nodes.map(({ heard }) => heard)).toEqual([[`${dongleAddress} all`], [`${dongleAddress} all`]]);
  });

  it("answers each of several questions", async () => {
    await using dongle = new DongleWorld();
    const radio = await dongle.openRadio();
    const asked = Promise.all([radio.statistics(), radio.statistics(), radio.statistics()]);
    expect((await dongle.world.clock.runUntil(asked)).map((answer) => answer?.sent)).toEqual([0, 0, 0]);
  });

  it("drops what the host does not take, and counts it", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    const { radio: node } = joinNode(dongle);
    await clock.runUntil(radio.close());
    await clock.advance(2000);
    for (let count = 0; count < 5; count++) await clock.runUntil(node.send(dongleAddress, Uint8Array.of(1)));
    const again = await dongle.openRadio();
    expect(await clock.runUntil(again.statistics())).toMatchObject({ received: 0, droppedByQueue: 5 });
  });
});

describe("a dongle that goes", () => {
  it("is noticed at once when it is pulled, and taken back within two seconds of its return", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ channel: 6 });
    const { radio: node, heard } = joinNode(dongle, nodeAddress, 6);
    const underWay = radio.send(nodeAddress, encodeUtf8("lost"));
    dongle.unplug();
    expect(await clock.runUntil(underWay)).toBe(false);
    expect(dongle.said).toEqual(["warn: the dongle is gone: the connection was cut"]);
    expect(await radio.send(nodeAddress, encodeUtf8("nobody"))).toBe(false);
    await clock.advance(60_000);
    dongle.plugIn();
    await clock.advance(2000);
    expect(dongle.said.slice(1)).toEqual([
      expect.stringMatching(/^info: the dongle is back after 6[01]\.\d s$/),
    ]);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("hello")))).toBe(true);
    expect(await clock.runUntil(node.send(dongleAddress, Uint8Array.of(1)))).toBe(true);
    expect(heard).toEqual([`${dongleAddress} hello`]);
    await clock.advance(100);
    expect(radio.counters.toJSON()).toEqual({ sent: 2, received: 1, lost: 1 });
  });

  it("has a problem until it is back, and comes back on the channel that was chosen meanwhile", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ channel: 6 });
    await clock.runUntil(radio.setChannel(11));
    expect(radio.problem).toBeUndefined();
    dongle.unplug();
    await clock.advance(100);
    expect(radio.problem).toBe("the dongle is gone: the connection was cut");
    expect(radio.channel).toBe(11);
    await radio.setChannel(3);
    await clock.advance(60_000);
    dongle.plugIn();
    await clock.advance(2000);
    expect([radio.problem, radio.channel]).toEqual([undefined, 3]);
    const { radio: node } = joinNode(dongle, nodeAddress, 3);
    expect(await clock.runUntil(node.send(dongleAddress, Uint8Array.of(1)))).toBe(true);
  });

  it("does not go to another channel while it is going", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ channel: 6 });
    const going = radio.setChannel(11);
    dongle.unplug();
    await expect(clock.runUntil(going)).rejects.toMatchObject({ code: "dongle/no-answer" });
    expect(radio.channel).toBe(6);
  });

  it("is where its chip is, if that will not go to another channel", async () => {
    const stubborn = firmware.replace('{"channel": channel}', '{"channel": min(channel, 11)}');
    await using dongle = new DongleWorld({ files: { "main.py": stubborn } });
    const { clock } = dongle.world;
    const radio = await dongle.openRadio({ channel: 6 });
    await expect(clock.runUntil(radio.setChannel(13))).rejects.toMatchObject({ code: "dongle/refused" });
    expect([radio.channel, radio.problem]).toEqual([11, undefined]);
  });

  it("is noticed within a second when it hangs, and taken back when its watchdog has restarted it", async () => {
    // It stops in the middle of a sentence when it is told to.
    const hanging = firmware.replace(
      "    def send(self, mac, data):\n",
      (line) => `${line}        if data == b"hang":\n            time.sleep(1000)\n`,
    );
    await using dongle = new DongleWorld({ files: { "main.py": hanging } });
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    joinNode(dongle);
    const underWay = radio.send(nodeAddress, encodeUtf8("hang"));
    await clock.advance(1000);
    expect(dongle.said).toEqual(["warn: the dongle is gone: it says nothing any more"]);
    expect(await underWay).toBe(false);
    await clock.advance(9000);
    expect(dongle.said.slice(1)).toEqual([expect.stringContaining("the dongle is back after 7.")]);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("hello")))).toBe(true);
    expect(dongle.board.boots).toBe(2);
  });

  it("is taken back when it restarts by itself", async () => {
    const crashing = firmware.replace(
      "    def send(self, mac, data):\n",
      (line) => `${line}        if data == b"crash":\n            raise MemoryError\n`,
    );
    await using dongle = new DongleWorld({ files: { "main.py": crashing } });
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    joinNode(dongle);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("crash")))).toBe(false);
    await clock.advance(2000);
    expect(dongle.said).toHaveLength(2);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("hello")))).toBe(true);
    expect(dongle.board.output).toContain("MemoryError");
  });

  it("is noticed within a second when garbage comes from it, and taken back when that ends", async () => {
    let isGarbage = false;
    const noise = createSeededRandom(7);
    await using dongle = new DongleWorld({
      onArrival: (bytes) => [isGarbage ? bytes.map(() => Math.floor(noise.next() * 256)) : bytes],
    });
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    joinNode(dongle);
    isGarbage = true;
    await clock.advance(1000);
    expect(dongle.said).toEqual(["warn: the dongle is gone: it says nothing any more"]);
    await clock.advance(60_000);
    isGarbage = false;
    await clock.advance(2000);
    expect(dongle.said.slice(1)).toEqual([expect.stringContaining("the dongle is back")]);
    expect(await clock.runUntil(radio.send(nodeAddress, encodeUtf8("hello")))).toBe(true);
  });

  it("is taken back under the same address when it is another chip", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    const { radio: node } = joinNode(dongle);
    dongle.unplug();
    await clock.advance(1000);
    await dongle.exchange("70041dad8f99");
    await clock.advance(2000);
    expect(dongle.said).toHaveLength(2);
    expect(radio.address).toBe(dongleAddress);
    expect(await clock.runUntil(node.send(dongleAddress, Uint8Array.of(1)))).toBe(true);
  });

  it("keeps its radio from being closed no longer than a turn", async () => {
    await using dongle = new DongleWorld();
    const radio = await dongle.openRadio();
    dongle.unplug();
    await dongle.world.clock.advance(500);
    await radio.close();
    dongle.plugIn();
    await dongle.world.clock.advance(5000);
    expect(dongle.said).toHaveLength(1);
    await expect(radio.send(nodeAddress, Uint8Array.of(1))).rejects.toMatchObject({ code: "radio/closed" });
  });
});
