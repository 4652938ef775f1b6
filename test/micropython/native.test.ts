import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import { joinCode, PeerGateway } from "../gateway/native/world.ts";
import { readVectors } from "../wire/native-vectors.ts";
import { createMicroPythonWorld, type MicroPythonWorldOptions } from "./world.ts";

const gatewayAddress = "02006d6f7465";

/** Boards that run `moteq_node.py` in real MicroPython, and the gateway's end of the native dialect. */
function createWorld(options: MicroPythonWorldOptions & { readonly commitMs?: number } = {}) {
  const world = createMicroPythonWorld(options);
  const radio = world.air.join({ address: gatewayAddress, hostLatencyMs: 1, receiveBufferBytes: 16_384 });
  const gateway = new PeerGateway(world.clock, radio, world.random, options.commitMs ?? 0);
  const published = () =>
    gateway.accepted.flatMap(({ item }) =>
      item.type === "publish" ? [`${item.topic}=${decodeUtf8(item.payload)}`] : [item.type],
    );
  return { world, gateway, radio, published };
}

const start = `
from moteq_node import Node
node = Node("${gatewayAddress}", 1)
node.joined or print("join", node.join("${joinCode}"))
got = lambda topic, payload, retained: print(topic, payload, retained)
`;

/** Publishes a reading each minute, and sleeps in between. */
const reader = `${start}
print("result", node.publish("shed", "reading"))
node.sleep(60_000)
`;

describe("moteq_node.py in real MicroPython", () => {
  it("has at most 300 lines", () => {
    const file = new URL("../../examples/micropython/moteq_node.py", import.meta.url);
    expect(readFileSync(file, "utf8").split("\n").length).toBeLessThanOrEqual(301);
  });

  it("makes the bytes of the vectors, and opens them", async () => {
    const { world } = createWorld();
    await using _ = world;
    const vectors = readVectors();
    const node = world.run(
      `
import moteq_node, os
from binascii import hexlify, unhexlify
from hashlib import sha256
count = lambda first: bytes(range(first, first + 16))
ids = unhexlify("02000000000102006d6f7465")
code = b"K7QF9M2XTRABCDEFGHJK"
os.urandom = lambda length: count(0x30)
join = moteq_node._prove(0x8c, moteq_node._derive(code, b"", b"moteq 1 join" + ids))
print(hexlify(join).decode())
joined = b"\\x8d" + count(0x40)
mark = sha256(join + joined).digest()
key = moteq_node._derive(code, mark, b"moteq 1 node key" + ids)[:16]
proof = lambda key: moteq_node._derive(key, b"", b"moteq 1 handshake" + ids)
print(hexlify(joined + moteq_node._hmac(proof(key), mark)[:8]).decode())
print(hexlify(key).decode())
os.urandom = lambda length: count(0x10)
hello = moteq_node._prove(0x8a, proof(count(0)))
print(hexlify(hello).decode())
welcome = b"\\x8b" + count(0x20) + b"\\x00\\x05"
mark = sha256(hello + welcome).digest()
print(hexlify(welcome + moteq_node._hmac(proof(count(0)), mark)[:8]).decode())
session = moteq_node._derive(count(0), mark, b"moteq 1 session" + ids)
print(hexlify(session).decode())
uplink = unhexlify("${vectors["uplink frame"]}")
head, nonce = uplink[:5], uplink[1:5] + bytes(9)
body = moteq_node._ccm(session[:16], nonce, head, uplink[5:-8], uplink[-8:])
print(hexlify(body).decode())
print(hexlify(head + moteq_node._ccm(session[:16], nonce, head, body, None)).decode())
print(moteq_node._ccm(session[:16], nonce, head, uplink[5:-8], bytes(8)))
`,
    );
    await world.clock.advance(2000);
    expect([node.traceback, ...node.lines]).toEqual([
      undefined,
      ...["join", "joined", "the node key of that join", "hello", "welcome"].map((name) => vectors[name]),
      `${vectors["uplink key"]}${vectors["downlink key"]}`,
      vectors["uplink body"],
      vectors["uplink frame"],
      "None",
    ]);
  });

  it("joins, publishes, fetches and sleeps in one session", async () => {
    const { world, gateway, published } = createWorld();
    await using _ = world;
    const node = world.run(`${start}
node.subscribe("set/#")
node.wakes_every(10, 2)
node.battery(3700)
print("result", node.publish("shed", "21.5", receive=got), node.waiting, node.time)
node.sleep(10_000)
`);
    await world.clock.advance(5000);
    for (const text of ["red", "green", "blue"])
      gateway.queue(node.address, "allnodes", text, text === "red");
    const { framesSent = 0 } = world.air.report()[node.address] ?? {};
    await world.clock.advance(10_000);
    expect(node.traceback).toBeUndefined();
    expect(node.lines.map((line) => line.replace(/\d{10}$/, "TIME"))).toEqual([
      "join True",
      "result 0 0 TIME",
      "allnodes b'red' True",
      "allnodes b'green' False",
      "allnodes b'blue' False",
      "result 0 0 TIME",
    ]);
    const items = ["subscribe", "contract", "energy", "shed=21.5"];
    expect(published()).toEqual([...items, ...items]);
    expect(gateway.waiting(node.address)).toBe(0);
    // The second wake: one frame with all that is said, one for what came.
    expect((world.air.report()[node.address]?.framesSent ?? 0) - framesSent).toBe(2);
  });

  it("runs native_sensor.py as it is", async () => {
    const { world, gateway, published } = createWorld();
    await using _ = world;
    const node = world.boot("native_sensor.py");
    node.analog.set(4, 1234);
    await world.clock.advance(30_000);
    gateway.queue(node.address, "colour", "green");
    await world.clock.advance(60_000);
    expect(node.traceback).toBeUndefined();
    expect(published()).toEqual(["subscribe", "contract", "will", "light=1234", "light=1234"]);
    expect(node.pixels).toEqual([[0, 255, 0]]);
  });

  it("publishes and takes what is longer than a frame, binary as it is, and refuses what is too long", async () => {
    const { world, gateway } = createWorld();
    await using _ = world;
    const node = world.run(`${start}
payload = bytes(i * 7 & 255 for i in range(3000))
print("result", node.publish("camera", payload))
print("result", node.publish("after", "it", receive=lambda topic, payload, retained: print(topic, len(payload), sum(payload))))
`);
    await world.clock.advance(50);
    const payload = Uint8Array.from({ length: 3000 }, (_unused, index) => (index * 7) & 0xff);
    gateway.queue(node.address, "big", payload);
    gateway.queue(node.address, "too/big", new Uint8Array(9000));
    gateway.queue(node.address, "small", "x");
    await world.clock.advance(20_000);
    expect(node.traceback).toBeUndefined();
    const sum = payload.reduce((total, byte) => total + byte, 0);
    expect(node.lines).toEqual(["join True", "result 0", `big 3000 ${sum}`, "small 1 120", "result 0"]);
    expect(gateway.accepted[0]?.item).toMatchObject({ type: "publish", payload });
    expect(gateway.done.map(({ taken }) => taken)).toEqual([true, false, true]);
  });

  it("keeps readings that could not go, and sends them with their ages", async () => {
    const { world, gateway, radio } = createWorld();
    await using _ = world;
    const node = world.run(reader);
    await world.clock.advance(5000);
    radio.sleep();
    await world.clock.advance(180_000);
    radio.wake();
    await world.clock.advance(60_000);
    expect(node.traceback).toBeUndefined();
    expect(node.lines).toEqual(["join True", "result 0", "result 2", "result 2", "result 2", "result 0"]);
    const ages = gateway.accepted.map(
      ({ item }) => item.type === "publish" && Math.round((item.ageSeconds ?? 0) / 60),
    );
    expect(ages).toEqual([0, 3, 2, 1, 0]);
  });

  it("goes to another channel with the gateway, and looks for it there if it was not told", async () => {
    const { world, gateway, radio, published } = createWorld();
    await using _ = world;
    const node = world.run(reader);
    await world.clock.advance(5000);
    gateway.move = { channel: 11, at: world.clock.now() + 100_000 };
    await world.clock.advance(100_000);
    gateway.move = undefined;
    await radio.setChannel(11);
    const sent = () => world.air.report()[node.address]?.framesSent ?? 0;
    let before = sent();
    await world.clock.advance(60_000);
    // It was told with its second wake, and is there with its third: one frame. A fourth remembers that.
    expect([node.radio.channel, sent() - before]).toEqual([11, 1]);
    await world.clock.advance(60_000);
    expect(sent() - before).toBe(2);
    await radio.setChannel(3);
    before = sent();
    await world.clock.advance(60_000);
    // Four tries, once more here and then on channels 1 to 3, and there what it has to say.
    expect([node.radio.channel, sent() - before]).toEqual([3, 9]);
    expect(node.traceback).toBeUndefined();
    expect(node.lines).toEqual(["join True", ...Array.from({ length: 5 }, () => "result 0")]);
    expect(published()).toHaveLength(5);
  });

  it("does not take the gateway to be where nothing but an acknowledgement is heard", async () => {
    const { world, radio } = createWorld();
    await using _ = world;
    const node = world.run(reader);
    await world.clock.advance(5000);
    await radio.setChannel(9);
    const send = node.radio.send.bind(node.radio);
    Object.defineProperty(node.radio, "send", {
      value: (...frame: Parameters<typeof send>) =>
        node.radio.channel === 2 ? Promise.resolve(true) : send(...frame),
    });
    await world.clock.advance(60_000);
    expect([node.radio.channel, node.lines.at(-1)]).toEqual([9, "result 0"]);
  });

  it.each([1, 2])(
    "brings everything exactly once through loss, duplication, lies and restarts of the gateway, seed %i",
    async (seed) => {
      const faults = { loss: 0.15, acknowledgementLoss: 0.1, duplicate: 0.1, lie: 0.1 };
      const { world, gateway, published } = createWorld({ seed, commitMs: 20 });
      await using _ = world;
      const node = world.run(
        `${start}
import json
try:
    with open("count") as file:
        count = int(file.read())
except OSError:
    count = 0
with open("count", "w") as file:
    file.write(str(count + 1))
node.add("shed", count)
node.exchange(got)
node.sleep(10_000)
`,
      );
      await world.clock.advance(3000);
      expect(node.lines).toEqual(["join True"]);
      world.air.setFaults(faults);
      const queued: string[] = [];
      for (let wake = 0; wake < 40; wake++) {
        for (let count = wake % 3; count > 0; count--) {
          queued.push(`${queued.length} ${"m".repeat(queued.length % 5 === 0 ? 500 : 10)}`);
          gateway.queue(node.address, "set", encodeUtf8(queued.at(-1) ?? ""));
        }
        if (wake % 4 === 0) world.clock.setTimer(world.random.next() * 10_000, () => gateway.restart());
        await world.clock.advance(10_500);
      }
      world.air.setFaults({});
      await world.clock.advance(40_000);
      expect(node.traceback).toBeUndefined();
      const count = published().length;
      expect(count).toBeGreaterThan(35);
      expect(published()).toEqual(Array.from({ length: count }, (_unused, index) => `shed=${index}`));
      expect(node.lines.slice(1)).toEqual(queued.map((text) => `set b'${text}' False`));
      expect(gateway.waiting(node.address)).toBe(0);
    },
  );
});
