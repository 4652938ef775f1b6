import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import { NativeEnd } from "../../src/mote/native-end.ts";
import {
  deriveNodeKeys,
  encodeDownlinkHeader,
  encodeWelcome,
  nobleSeal,
  nonceOf,
} from "../../src/wire/index.ts";

const pair = { node: "020000000001", gateway: "02006d6f7465" };
const key = new Uint8Array(16).fill(7);
const chance = createSeededRandom(20_261_123);
const bytes = (length: number) => Uint8Array.from({ length }, () => randomInteger(chance, 0, 255));

function createEnd() {
  const state = { key: "07".repeat(16) };
  return new NativeEnd({
    pair,
    seal: nobleSeal,
    randomBytes: bytes,
    maximumFrameBytes: 250,
    maximumMessageBytes: 4096,
    outboxLimit: 4,
    state,
  });
}

/** An end that was welcomed, and its session. */
function createGreeted() {
  const end = createEnd();
  const [hello = new Uint8Array()] = end.frames(true, false, 0)?.frames ?? [];
  const keys = deriveNodeKeys(nobleSeal, pair, key);
  const answer = { answered: hello, random: bytes(16), nextNumber: 3 };
  const { frame, session } = encodeWelcome(nobleSeal, pair, keys, answer);
  expect(end.receive(frame)).toBe("renewed");
  expect(end.receive(frame)).toBe("nothing");
  return { end, session };
}

describe("the node's end", () => {
  it("never throws, whatever comes: random bytes, and sealed nonsense", () => {
    const { end, session } = createGreeted();
    for (let count = 1; count <= 2000; count++) {
      const frame = bytes(randomInteger(chance, 0, 60));
      frame[0] = randomInteger(chance, 0x80, 0xbf);
      end.receive(frame);
      if (!end.hasSession) return;
      end.frames(true, false, 0);
      const header = encodeDownlinkHeader(count, 0);
      // Without topics: one that this end does not know ends the session.
      const body = Uint8Array.of(
        randomInteger(chance, 0, 7),
        ...bytes(5),
        0,
        ...bytes(randomInteger(chance, 0, 3)),
      );
      const sealed = nobleSeal.seal(session.downlink, nonceOf(count, 0), header, body);
      end.receive(Uint8Array.of(...header, ...sealed));
    }
  });

  it("drops the oldest reading when its outbox is full, and burns no other's number", () => {
    const { end } = createGreeted();
    for (let count = 0; count < 6; count++) {
      end.outbox.add({
        type: "publish",
        takenAt: 0,
        topic: "t",
        payload: `0${count}`,
        retain: false,
        qos: 0,
      });
    }
    expect([end.outbox.size, end.outbox.dropped]).toEqual([4, 2]);
    const [rows] = [end.frames(false, false, 0)];
    expect(rows?.frames).toHaveLength(1);
    expect(end.toState()).toMatchObject({
      nextNumber: 7,
      outbox: [3, 4, 5, 6].map((number, index) => ({ number, item: { payload: `0${index + 2}` } })),
    });
  });

  it("takes no answer to a join that it did not send", () => {
    const { end } = createGreeted();
    end.join(bytes(10));
    end.frames(true, false, 0);
    const before = end.toState()?.key;
    for (let count = 0; count < 100; count++) {
      const frame = bytes(25);
      frame[0] = 0x8d;
      expect(end.receive(frame)).toBe("nothing");
    }
    expect(end.toState()?.key).toBe(before);
  });
});
