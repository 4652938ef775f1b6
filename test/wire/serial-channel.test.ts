import { describe, expect, it } from "vitest";
import {
  type BytePort,
  type BytePortListener,
  createSeededRandom,
  encodeUtf8,
  randomInteger,
  toHex,
} from "../../src/base/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { encodeSerialFrame, encodeSerialPacket } from "../../src/wire/index.ts";
import { createLine, disturber, End } from "./serial-line.ts";

const hi = encodeUtf8("hi");

/** Sends all of the messages, holding back while there is no room. */
function sendAll(end: End, messages: readonly Uint8Array[]): void {
  let next = 0;
  const go = () => {
    for (let message = messages[next]; message; message = messages[++next]) {
      if (end.connection.send(message) !== "taken") return;
    }
  };
  end.onWritable = go;
  go();
}

describe("a serial channel", () => {
  it("comes up on both ends, whoever begins, and tells what the other end is", async () => {
    const { clock, left, right } = createLine();
    await clock.advance(10);
    expect([left.told, right.told]).toEqual([["up right"], ["up left"]]);
    expect(left.connection.peer).toMatchObject({ version: 1, window: 8, maximumData: 256 });
  });

  it("keeps no more than some windows for a line that takes nothing, and goes on when it does", async () => {
    const clock = new VirtualClock();
    let listener: BytePortListener | undefined;
    let written = 0;
    let isFull = true;
    const port: BytePort = {
      start: (told) => void (listener = told),
      write: (bytes) => ((written += bytes.length), !isFull),
      pause: () => {},
      close: () => {},
    };
    const end = new End().open({ port, clock, random: createSeededRandom(3), about: "stuck" });
    await clock.advance(10);
    const [window, maximumData, maximumMessage] = [8, 256, 4096];
    for (let instance = 1; instance <= 20_000; instance++) {
      const hello = { version: 1, instance, echo: 0, window, maximumData, maximumMessage, about: "many" };
      listener?.onData(encodeSerialFrame(encodeSerialPacket({ type: "hello", ...hello })));
    }
    await clock.advance(10);
    expect(written).toBeLessThan(1000);
    isFull = false;
    listener?.onWritable();
    await clock.advance(1000);
    expect(written).toBeGreaterThan(60_000);
    expect(written).toBeLessThan(70_000);
    end.connection.close();
  });

  it("carries messages of any bytes and length, in order, both ways", async () => {
    const random = createSeededRandom(11);
    const messages = [0, 1, 255, 256, 257, 512, 4096, 100_000].map((length) =>
      Uint8Array.from({ length }, () => randomInteger(random, 0, 255)),
    );
    const { clock, left, right } = createLine();
    await clock.advance(10);
    sendAll(left, messages);
    sendAll(right, messages);
    await clock.advance(5000);
    expect(right.messages.map(toHex)).toEqual(messages.map(toHex));
    expect(left.messages.map(toHex)).toEqual(messages.map(toHex));
    expect(left.connection.pendingBytes).toBe(0);
  });

  it("takes no more than its queue holds, and tells when there is room", async () => {
    const { clock, left, right } = createLine({ queueBytes: 4096, window: 2 });
    await clock.advance(10);
    let writable = 0;
    left.onWritable = () => void writable++;
    const taken = Array.from({ length: 50 }, () => left.connection.send(new Uint8Array(200)));
    expect(taken.filter((outcome) => outcome === "taken").length).toBe(18);
    expect(taken.at(-1)).toBe("full");
    await clock.advance(1000);
    expect([writable, right.messages.length]).toEqual([1, 18]);
  });

  it("refuses what the other end does not take, and everything before there is one", async () => {
    const { clock, left } = createLine({ maximumMessage: 100 });
    expect(left.connection.send(hi)).toBe("down");
    await clock.advance(10);
    expect(left.connection.send(new Uint8Array(101))).toBe("too-long");
    expect(left.connection.send(new Uint8Array(100))).toBe("taken");
  });

  it("loses, doubles and alters nothing when bytes are altered, lost and doubled: 100,000 messages", async () => {
    const seed = 20_261_121;
    const random = createSeededRandom(seed);
    const { clock, left, right } = createLine({ disturb: disturber(random, 1 / 1000), silenceMs: 60_000 });
    await clock.advance(10_000);
    const count = 50_000;
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      let arrived = 0;
      to.onMessage = (message) => {
        if (message[0] !== (arrived & 255) || message.length !== arrived % 97) {
          if (arrived % 97 > 0) throw new Error(`seed ${seed}: message ${arrived} came as ${toHex(message)}`);
        }
        arrived++;
        to.told[1] = `${arrived} messages`;
      };
      sendAll(
        from,
        Array.from({ length: count }, (_, index) => new Uint8Array(index % 97).fill(index)),
      );
    }
    const minutes = Array.from({ length: 120 });
    for (const _ of minutes) {
      await clock.advance(60_000);
      if (left.connection.pendingBytes + right.connection.pendingBytes === 0) break;
    }
    expect([left.told, right.told]).toEqual([
      ["up right", `${count} messages`],
      ["up left", `${count} messages`],
    ]);
    const drops = right.connection.countDrops();
    expect(drops["bad-sum"]).toBeGreaterThan(100);
  });

  it("says when the other end has gone, and comes up again with it", async () => {
    const { clock, left, right, deaf } = createLine();
    await clock.advance(10);
    deaf.left = true;
    deaf.right = true;
    await clock.advance(9000);
    expect(left.told).toEqual(["up right"]);
    await clock.advance(2000);
    deaf.left = false;
    deaf.right = false;
    await clock.advance(2000);
    expect(left.told).toEqual(["up right", "peer-silent", "up right"]);
    expect(right.told).toEqual(["up left", "peer-silent", "up left"]);
  });

  it("keeps an end that has nothing to say", async () => {
    const { clock, left, right, carried } = createLine();
    await clock.advance(3_600_000);
    expect([left.told, right.told]).toEqual([["up right"], ["up left"]]);
    expect(carried.left).toBeLessThan(40_000);
  });

  it("forgets what was under way when the other end starts anew, and says so", async () => {
    const { clock, left, right } = createLine();
    await clock.advance(10);
    right.connection.send(new Uint8Array(100_000));
    await clock.advance(20);
    left.connection.restart();
    await clock.advance(100);
    expect(left.told).toEqual(["up right", "restarted", "up right"]);
    expect(right.told).toEqual(["up left", "peer-restarted", "up left"]);
    expect([right.connection.pendingBytes, left.messages.length]).toEqual([0, 0]);
    right.connection.send(hi);
    await clock.advance(100);
    expect(left.messages.map(toHex)).toEqual([toHex(hi)]);
  });

  it("carries 200 bytes in at least nine bytes of ten on the line", async () => {
    const { clock, left, right, carried } = createLine();
    await clock.advance(10);
    carried.right = 0;
    carried.left = 0;
    sendAll(
      left,
      Array.from({ length: 1000 }, () => new Uint8Array(200)),
    );
    await clock.advance(60_000);
    expect(right.messages.length).toBe(1000);
    expect(200_000 / (carried.right + carried.left)).toBeGreaterThan(0.9);
  });

  it("learns how long answers take at 9600 bits a second, both ways at once: little goes twice", async () => {
    const { clock, left, right, carried } = createLine({ bitsPerSecond: 9600 });
    await clock.advance(1000);
    const messages = Array.from({ length: 200 }, () => new Uint8Array(250));
    sendAll(left, messages);
    sendAll(right, messages);
    await clock.advance(120_000);
    expect([left.messages.length, right.messages.length]).toEqual([200, 200]);
    expect(carried.right).toBeLessThan(200 * 250 * 1.3);
  });

  it("goes on whatever comes in: any bytes, and whole frames of nonsense", async () => {
    const random = createSeededRandom(5);
    const { clock, left, right } = createLine({
      disturb: (bytes, at) => (at === "right" && random.next() < 0.2 ? nonsense() : bytes),
    });
    const nonsense = () => {
      const type = (["acknowledge", "repeat", "poll"] as const)[randomInteger(random, 0, 2)] ?? "poll";
      return random.next() < 0.5
        ? encodeSerialFrame(encodeSerialPacket({ type, expected: randomInteger(random, 0, 255) }))
        : Uint8Array.from({ length: randomInteger(random, 1, 900) }, () => randomInteger(random, 0, 255));
    };
    await clock.advance(1000);
    sendAll(
      left,
      Array.from({ length: 300 }, (_, index) => Uint8Array.of(index & 255)),
    );
    await clock.advance(600_000);
    expect(right.messages.map(([byte]) => byte)).toEqual(
      Array.from({ length: 300 }, (_, index) => index & 255),
    );
  });
});
