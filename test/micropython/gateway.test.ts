import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../src/base/index.ts";
import { GatewayWorld } from "./gateway-world.ts";

const red = [[255, 0, 0]];
const green = [[0, 255, 0]];

/** What came on a topic, as text. */
const texts = (messages: readonly { payload: Uint8Array }[]) =>
  messages.map(({ payload }) => decodeUtf8(payload));

/** A text's characters as Python prints a list of their numbers. */
function codes(text: string): string {
  return `[${Array.from(text, (character) => character.codePointAt(0)).join(", ")}]`;
}

describe("a MicroPython node and the gateway, prototype dialect", () => {
  it("brings each reading of a deep-sleeping node to the broker", async () => {
    await using world = await GatewayWorld.create();
    const light = await world.broker.watch("light");
    const node = world.boot("prototype_publish.py");
    node.analog.set(4, () => 1000 + node.boots);
    await world.clock.advance(150_000);
    expect(texts(light)).toEqual(["1001", "1002", "1003"]);
    expect(node.boots).toBe(3);
    expect(world.gateway.report().nodes).toMatchObject([
      { node: node.address, counters: { uplinks: 3, refused: 0 } },
    ]);
  });

  it("shows a colour that was published while the node slept", async () => {
    await using world = await GatewayWorld.create();
    const node = world.boot("prototype_subscribe.py");
    await world.clock.advance(2000);
    expect(node.state).toBe("asleep");
    await world.broker.publish("allnodes", "green");
    await world.broker.publish("allnodes", "red");
    await world.clock.advance(4000);
    expect(node.pixels).toEqual(red);
    await world.broker.publish("colour", "green");
    await world.clock.advance(5000);
    expect(node.pixels).toEqual(green);
    expect(node.shown).toHaveLength(2);
  });

  it("acknowledges a node that asks for it, and carries messages both ways", async () => {
    await using world = await GatewayWorld.create();
    const counts = await world.broker.watch("count");
    const echoed = await world.broker.watch("echoed");
    const node = world.boot("prototype_continuous.py");
    await world.clock.advance(3000);
    await world.broker.publish("echo", "hällo");
    await world.clock.advance(12_000);
    expect(texts(counts)).toEqual(["1", "2", "3"]);
    expect(texts(echoed)).toEqual(["hällo"]);
    expect(node.lines).toEqual(["received echo hällo"]);
  });

  it("is told that the broker is out", async () => {
    await using world = await GatewayWorld.create();
    const node = world.boot("prototype_continuous.py");
    await world.clock.advance(2000);
    world.broker.goAway();
    await world.clock.advance(10_000);
    world.broker.comeBack();
    await world.clock.advance(60_000);
    expect(node.lines).toEqual(["lost 2", "lost 3"]);
  });

  it("hears messages at once where the gateway does not hold them back", async () => {
    await using world = await GatewayWorld.create({ config: { lpmode: false } });
    const node = world.run(`
      import time
      from common import espnow, subscribe
      subscribe("now", 1)
      while True:
          mac, frame = espnow.recv()
          print(frame, time.ticks_ms())
    `);
    await world.clock.advance(1100);
    await world.broker.publish("now", "one");
    await world.clock.advance(1000);
    const [line = ""] = node.lines;
    expect(line).toContain(`b'["now", "one", false]'`);
    expect(Number(line.split(" ").at(-1))).toBeLessThan(1010);
  });
});

describe("a MicroPython node and the gateway, link dialect", () => {
  it("brings each reading of a deep-sleeping node to the broker", async () => {
    await using world = await GatewayWorld.create();
    const light = await world.broker.watch("light");
    const node = world.boot("link_publish.py");
    node.analog.set(4, () => 1000 + node.boots);
    await world.clock.advance(150_000);
    expect(texts(light)).toEqual(["1001", "1002", "1003"]);
    expect(world.gateway.report().nodes).toMatchObject([{ dialect: "link", counters: { refused: 0 } }]);
  });

  it("finds the gateway again after it has changed its channel", async () => {
    await using world = await GatewayWorld.create();
    const light = await world.broker.watch("light");
    const node = world.boot("link_publish.py");
    await world.clock.advance(30_000);
    await world.radio.setChannel(11);
    await world.clock.advance(6 * 60_000);
    expect(light).toHaveLength(4);
    expect(Buffer.from(node.rtcMemory, "hex").toString()).toBe("[11, 0]");
  });

  it("shows a colour that was published while the node slept", async () => {
    await using world = await GatewayWorld.create();
    const node = world.boot("link_subscribe.py");
    await world.clock.advance(2000);
    await world.broker.publish("allnodes", "red");
    await world.broker.publish("colour", "green");
    await world.clock.advance(4000);
    expect(node.pixels).toEqual(green);
  });

  it("answers each publication and carries messages both ways", async () => {
    await using world = await GatewayWorld.create();
    const counts = await world.broker.watch("count");
    const echoed = await world.broker.watch("echoed");
    const node = world.boot("link_continuous.py");
    await world.clock.advance(3000);
    await world.broker.publish("echo", "hällo");
    await world.clock.advance(9000);
    expect(texts(counts)).toEqual(["1", "2", "3"]);
    expect(texts(echoed)).toEqual(["hällo"]);
    expect(node.lines).toEqual(["received echo hällo"]);
  });

  it("gives the results that the gateway's answers stand for", async () => {
    await using world = await GatewayWorld.create();
    const published = await world.broker.watch("a/b");
    const node = world.run(`
      from link import Link
      from settings import GATEWAY
      from time import sleep
      link = Link(GATEWAY)
      print(link.channel, link.get_channel(), link.ping(), link.publish("a/b", "now", True, 1))
      print(link.publish("a/#", "no topic"))
      sleep(10)
      print(link.ping(), link.publish("a/b", "later", False, 1))
      sleep(10)
      print(link.publish("a/b", "never"))
    `);
    await world.clock.advance(5000);
    world.broker.goAway();
    await world.clock.advance(10_000);
    expect(texts(published)).toEqual(["now"]);
    world.broker.comeBack();
    await world.clock.advance(5000);
    await world.radio.close();
    await world.clock.advance(60_000);
    expect(node.lines).toEqual(["1 1 0 0", "3", "1 1", "2"]);
    expect(texts(published)).toEqual(["now", "later"]);
  });
});

describe("a MicroPython climate board and the gateway", () => {
  it("publishes what its sensor says, and switches its LED", async () => {
    await using world = await GatewayWorld.create();
    const readings = await world.broker.watch("testincr");
    const node = world.boot("link_climate.py");
    node.analog.set(14, 241);
    node.analog.set(114, 265);
    await world.clock.advance(12_000);
    expect(texts(readings).slice(0, 2)).toEqual(["t=24.1C, h=26.5%.", "t=24.1C, h=26.5%."]);
    expect(node.outputs.get(2)).toBe(0);
    await world.broker.publish("output", "on");
    await world.clock.advance(6000);
    expect(node.outputs.get(2)).toBe(1);
    await world.broker.publish("output", "sideways");
    await world.broker.publish("output", "off");
    await world.clock.advance(6000);
    expect(node.outputs.get(2)).toBe(0);
  });

  it("lives on without its sensor, and measures when that is back", async () => {
    await using world = await GatewayWorld.create();
    const readings = await world.broker.watch("testincr");
    const node = world.boot("link_climate.py");
    await world.clock.advance(12_000);
    expect([readings.length, node.lines[0]]).toEqual([0, "no sensor"]);
    node.analog.set(14, 198);
    node.analog.set(114, 500);
    await world.clock.advance(6000);
    expect(texts(readings)[0]).toBe("t=19.8C, h=50.0%.");
    expect(node.boots).toBe(1);
  });
});

describe("payloads between MicroPython and MQTT", () => {
  it("arrive raw where the script publishes bytes", async () => {
    await using world = await GatewayWorld.create();
    const raw = await world.broker.watch("raw/#");
    world.run(`
      import json
      from common import espnow, gateway
      from machine import deepsleep
      espnow.send(gateway, json.dumps(["raw/bytes", bytes(range(30, 200)), False, 1]))
      espnow.send(gateway, json.dumps(["raw/text", "grün \\u20ac \\n \\" \\\\ \\x01", False, 1]))
      espnow.send(gateway, json.dumps(["raw/number", 21.5, False, 0]))
      espnow.send(gateway, json.dumps(["raw/list", json.dumps({"t": [1, None, True]}), False, 0]))
    `);
    await world.clock.advance(2000);
    expect(raw.map(({ topic }) => topic)).toEqual(["raw/bytes", "raw/text", "raw/number", "raw/list"]);
    expect(raw[0]?.payload).toEqual(Uint8Array.from({ length: 170 }, (_, index) => 30 + index));
    expect(texts(raw.slice(1))).toEqual(['grün € \n " \\ \x01', "21.5", '{"t": [1, null, true]}']);
  });

  it("are read by MicroPython's json.loads, whatever is in them", async () => {
    await using world = await GatewayWorld.create();
    const node = world.run(`
      import json
      from common import espnow, gateway, subscribe
      subscribe("to/+", 1)
      espnow.recv(500)
      espnow.send(gateway, json.dumps(["dummy", "dummy", False, 0]))
      while True:
          mac, frame = espnow.recv(1000)
          if mac is None:
              break
          topic, message, retained = json.loads(frame)
          print(topic, [ord(c) for c in message], retained)
    `);
    await world.clock.advance(300);
    const payloads = ['q" b\\ \n\r\t\x00\x1f', "é € 😀", Uint8Array.of(0, 34, 92, 128, 255)];
    for (const [index, payload] of payloads.entries()) await world.broker.publish(`to/${index}`, payload);
    await world.clock.advance(5000);
    expect(node.lines).toEqual([
      `to/0 ${codes('q" b\\ \n\r\t\x00\x1f')} False`,
      `to/1 ${codes("é € 😀")} False`,
      "to/2 [0, 34, 92, 128, 255] False",
    ]);
  });

  it("come in parts where they are longer than a frame", async () => {
    await using world = await GatewayWorld.create();
    const long = Array.from({ length: 100 }, (_, index) => `line ${index} äöü "quoted"\n`).join("");
    const code = `
      from link import Link
      from settings import CHANNEL, GATEWAY
      from time import sleep
      link = Link(GATEWAY, CHANNEL)
      link.subscribe("menu", 1)
      sleep(1)
      link.get(lambda topic, message, retained: print(topic, len(message), hash(message) == hash(expected), retained))
    `;
    const node = world.run(code.replace("link = ", `expected = ${JSON.stringify(long)}\n      link = `));
    await world.clock.advance(500);
    await world.broker.publish("menu", long);
    await world.clock.advance(3000);
    expect(node.lines).toEqual([`menu ${long.length} True False`]);
  });

  it("go in parts where the script publishes more than a frame holds", async () => {
    await using world = await GatewayWorld.create();
    const published = await world.broker.watch("long/#");
    const node = world.run(`
      from link import Link
      from settings import CHANNEL, GATEWAY
      link = Link(GATEWAY, CHANNEL)
      link.ping()
      print(link.publish("long/text", "".join('%d ä"' % i for i in range(200))))
      print(link.publish("long/bytes", bytes(range(256)) * 4))
    `);
    await world.clock.advance(5000);
    expect(node.lines).toEqual(["0", "0"]);
    expect(published.map(({ topic }) => topic)).toEqual(["long/text", "long/bytes"]);
    expect(texts(published)[0]).toBe(Array.from({ length: 200 }, (_, index) => `${index} ä"`).join(""));
    expect(published[1]?.payload).toEqual(Uint8Array.from({ length: 1024 }, (_, index) => index & 255));
  });
});

/** Two nodes of each dialect where one frame in five is lost, while others publish. */
async function runLossyHouse(seed: number) {
  await using world = await GatewayWorld.create({ seed, faults: { loss: 0.2 } });
  const scripts = [
    "link_continuous.py",
    "prototype_continuous.py",
    "link_subscribe.py",
    "prototype_subscribe.py",
  ];
  for (const [number, script] of scripts.entries()) world.boot(script, { bootMs: 100 + number });
  for (const colour of ["red", "green", "blue"]) {
    await world.clock.advance(20_000);
    await world.broker.publish("allnodes", colour);
  }
  await world.clock.advance(20_000);
  return { hash: world.traceHash, lines: world.trace.length };
}

it("goes the same way again with gateway, broker and lost frames, for the same seed", async () => {
  const first = await runLossyHouse(3);
  expect(first.lines).toBeGreaterThan(500);
  expect(await runLossyHouse(3)).toEqual(first);
  expect((await runLossyHouse(4)).hash).not.toBe(first.hash);
});
