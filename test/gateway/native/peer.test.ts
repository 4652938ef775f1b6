import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, randomInteger } from "../../../src/base/index.ts";
import { NativePeer, type NativeRecord } from "../../../src/gateway/native/index.ts";
import {
  decodeWelcome,
  deriveNodeKeys,
  encodeHello,
  encodeItem,
  encodeJoin,
  encodeUplinkBody,
  encodeUplinkHeader,
  nobleSeal,
  nonceOf,
  type NumberedItem,
  openJoinSecret,
  type SessionKeys,
} from "../../../src/wire/index.ts";
import { createRandomBytes } from "./world.ts";

const pair = { node: "020000000001", gateway: "02006d6f7465" };
const key = "000102030405060708090a0b0c0d0e0f";
const keys = deriveNodeKeys(
  nobleSeal,
  pair,
  Uint8Array.from({ length: 16 }, (_, index) => index),
);
const known: NativeRecord = { key, candidate: undefined, classic: false, nextNumber: 7, refused: [] };
const terms = { code: undefined, until: Infinity };
const random = new Uint8Array(16).fill(9);
const time = Date.UTC(2026, 10, 20);
const nobodyWaits = { time, brokerOut: false, messages: [], waiting: 0 };

function createPeer(record: NativeRecord = known) {
  return new NativePeer({ ...pair, record, randomBytes: createRandomBytes(createSeededRandom(1)) });
}

/** A session as the node has it. */
function greet(peer: NativePeer): SessionKeys {
  const hello = encodeHello(nobleSeal, keys, random);
  const receipt = peer.receive(hello);
  if (receipt.type !== "handshake") throw new Error(`no welcome: ${receipt.type}`);
  const welcome = decodeWelcome(nobleSeal, pair, keys, hello, receipt.frame);
  if (!welcome) throw new Error("the welcome is none");
  expect(welcome.nextNumber).toBe(peer.record.nextNumber);
  return welcome.session;
}

function uplink(session: SessionKeys, counter: number, items: readonly NumberedItem[], firstNumber = 7) {
  const body = encodeUplinkBody({
    answer: true,
    fetch: false,
    stays: false,
    firstNumber: items.length > 0 ? firstNumber : 0,
    items,
    came: [],
    have: [],
    cannotTake: [],
  });
  const header = encodeUplinkHeader(counter);
  return Uint8Array.of(...header, ...nobleSeal.seal(session.uplink, nonceOf(counter, 0), header, body));
}

const publication: NumberedItem = {
  type: "publish",
  topic: { name: "shed", alias: 1 },
  payload: encodeUtf8("21.5"),
  retain: false,
  qos: 1,
  ageSeconds: undefined,
};

describe("a peer", () => {
  it("gives items once, and answers each time", () => {
    const peer = createPeer();
    const session = greet(peer);
    const first = peer.receive(uplink(session, 1, [publication]));
    expect(first).toMatchObject({ type: "uplink", items: [{ topic: "shed" }], repeated: 0, skipped: 0 });
    expect(peer.settle(["stored"]).nextNumber).toBe(8);
    peer.committed();
    expect(peer.send(nobodyWaits).frames).toHaveLength(1);
    expect(peer.send(nobodyWaits).frames).toHaveLength(0);
    const second = peer.receive(uplink(session, 2, [publication]));
    expect(second).toMatchObject({ type: "uplink", items: [], repeated: 1 });
    peer.committed();
    expect(peer.send(nobodyWaits).frames).toHaveLength(1);
  });

  it("answers for nothing of which it does not know that it is committed", () => {
    const peer = createPeer();
    const session = greet(peer);
    peer.receive(uplink(session, 1, []));
    peer.receive(uplink(session, 2, [publication]));
    peer.settle(["stored"]);
    peer.committed();
    // The first is, the second not yet.
    expect(peer.send(nobodyWaits).frames).toHaveLength(0);
    peer.committed();
    expect(peer.send(nobodyWaits).frames).toHaveLength(1);
  });

  it("drops a counter that is not higher than all before", () => {
    const peer = createPeer();
    const session = greet(peer);
    peer.receive(uplink(session, 5, []));
    for (const counter of [5, 4, 1]) {
      expect(peer.receive(uplink(session, counter, []))).toEqual({ type: "dropped", reason: "replayed" });
    }
  });

  it("made anew of its record, takes up where it was, in a new session", () => {
    const peer = createPeer();
    const session = greet(peer);
    peer.receive(uplink(session, 1, [publication]));
    const record = JSON.parse(JSON.stringify(peer.settle([{ refused: "not-allowed" }]))) as NativeRecord;
    const next = createPeer(record);
    expect(next.receive(uplink(session, 2, [publication])).type).toBe("handshake");
    const again = next.receive(uplink(greet(next), 1, [publication]));
    expect(again).toMatchObject({ items: [], repeated: 1 });
    expect(next.record.refused).toEqual([[7, "not-allowed"]]);
  });

  it("keeps the present session until another is used, and gives the same frame the same welcome", () => {
    const peer = createPeer();
    const session = greet(peer);
    peer.receive(uplink(session, 1, []));
    const garbage = Uint8Array.of(0x88, ...new Uint8Array(30));
    const [first, second] = [peer.receive(garbage), peer.receive(garbage)];
    expect(first.type).toBe("handshake");
    expect(second).toMatchObject({ frame: first.type === "handshake" && first.frame });
    expect(peer.receive(uplink(session, 2, [])).type).toBe("uplink");
  });

  it("begins anew with a node whose alias it does not know", () => {
    const peer = createPeer();
    const session = greet(peer);
    const unknown: NumberedItem = { ...publication, topic: { name: undefined, alias: 4 } };
    expect(peer.receive(uplink(session, 1, [unknown])).type).toBe("handshake");
    expect(peer.record.nextNumber).toBe(7);
  });

  it("takes nothing behind an item that has to wait", () => {
    const peer = createPeer();
    const session = greet(peer);
    peer.receive(uplink(session, 1, [publication, publication, publication]));
    expect(peer.settle(["stored", { later: "full" }, "stored"]).nextNumber).toBe(8);
    expect(peer.receive(uplink(session, 2, [publication, publication], 8))).toMatchObject({ repeated: 0 });
  });

  it("says how many numbers never came, and knows numbers over the end of 16 bits", () => {
    const peer = createPeer({ ...known, nextNumber: 65_535 });
    const session = greet(peer);
    expect(peer.receive(uplink(session, 1, [publication], 65_534))).toMatchObject({ repeated: 1 });
    expect(peer.receive(uplink(session, 2, [publication], 2))).toMatchObject({ repeated: 0, skipped: 3 });
    expect(peer.settle(["stored"]).nextNumber).toBe(3);
  });

  it("without a key takes a join alone, with a secret that is allowed", () => {
    const peer = new NativePeer({ ...pair, randomBytes: createRandomBytes(createSeededRandom(1)) });
    expect(peer.receive(encodeHello(nobleSeal, keys, random))).toMatchObject({ reason: "not-joined" });
    expect(peer.receive(Uint8Array.of(0x88, ...new Uint8Array(30)))).toMatchObject({ reason: "not-joined" });
    const join = encodeJoin(nobleSeal, pair, openJoinSecret, random);
    expect(peer.receive(join)).toEqual({ type: "join" });
    expect(peer.join(join, [])).toMatchObject({ type: "dropped", reason: "not-joined" });
    expect(
      peer.join(join, [
        { secret: encodeUtf8("OTHER"), ...terms },
        { secret: openJoinSecret, ...terms },
      ]).type,
    ).toBe("handshake");
    expect(peer.record).toMatchObject({
      key: undefined,
      candidate: { key: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
    });
  });

  it("never throws, whatever comes: random bytes, and good bodies of nonsense", () => {
    const chance = createSeededRandom(20_261_122);
    const bytes = (length: number) => Uint8Array.from({ length }, () => randomInteger(chance, 0, 255));
    const peer = createPeer();
    const session = greet(peer);
    for (let count = 1; count <= 2000; count++) {
      const frame = bytes(randomInteger(chance, 0, 60));
      frame[0] = randomInteger(chance, 0x80, 0xbf);
      peer.receive(frame);
      const header = encodeUplinkHeader(count);
      const body = [
        9,
        0,
        7,
        ...encodeItem(publication).slice(0, randomInteger(chance, 0, 9)),
        ...bytes(randomInteger(chance, 0, 20)),
      ];
      const sealed = nobleSeal.seal(session.uplink, nonceOf(count, 0), header, Uint8Array.from(body));
      const receipt = peer.receive(Uint8Array.of(...header, ...sealed));
      if (receipt.type === "uplink") {
        peer.settle(receipt.items.map(() => "stored"));
        peer.committed();
      }
      peer.send(nobodyWaits);
    }
  });
});
