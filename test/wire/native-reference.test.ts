import { describe, expect, it } from "vitest";
import { concatBytes, encodeUtf8, fromHex, toHex } from "../../src/base/index.ts";
import {
  decodeDownlinkBody,
  decodeUplinkBody,
  deriveNodeKeys,
  encodeDownlinkBody,
  encodeDownlinkHeader,
  encodeHello,
  encodeJoin,
  encodeJoined,
  encodeUplinkBody,
  encodeUplinkHeader,
  encodeWelcome,
  nobleSeal,
  nonceOf,
  secretOfCode,
  type UplinkBody,
} from "../../src/wire/index.ts";
import { readVectors } from "./native-vectors.ts";

const pair = { node: "020000000001", gateway: "02006d6f7465" };

/** The bytes from one on, one by one. */
function counting(first: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => first + index);
}

const uplink: UplinkBody = {
  answer: true,
  fetch: true,
  stays: false,
  firstNumber: 5,
  items: [
    {
      type: "publish",
      topic: { name: "shed", alias: 1 },
      payload: encodeUtf8("21.5"),
      retain: false,
      qos: 1,
      ageSeconds: undefined,
    },
    {
      type: "publish",
      topic: { name: undefined, alias: 1 },
      payload: encodeUtf8("21.4"),
      retain: false,
      qos: 1,
      ageSeconds: 600,
    },
    { type: "contract", periodSeconds: 300, toleranceSeconds: 60 },
  ],
  came: [17, 18],
  have: [],
  cannotTake: [],
};

const downlink = {
  reply: { time: Date.UTC(2026, 10, 20, 9, 5, 1, 500), waiting: 2, nextNumber: 8 },
  last: true,
  brokerOut: false,
  items: [
    {
      type: "message" as const,
      number: 19,
      topic: { name: "allnodes", alias: undefined },
      payload: encodeUtf8("red"),
      retained: false,
      ageSeconds: 90,
    },
    {
      type: "message" as const,
      number: 20,
      topic: { name: undefined, alias: 1 },
      payload: Uint8Array.of(0, 255),
      retained: true,
      ageSeconds: undefined,
    },
  ],
};

function computeVectors(): Record<string, string> {
  const secret = secretOfCode("K7QF9-M2XTR-ABCDE-FGHJK");
  const joining = encodeJoin(nobleSeal, pair, secret, counting(0x30));
  const joined = encodeJoined(nobleSeal, pair, secret, joining, counting(0x40));
  const keys = deriveNodeKeys(nobleSeal, pair, counting(0));
  const hello = encodeHello(nobleSeal, keys, counting(0x10));
  const answer = { answered: hello, random: counting(0x20), nextNumber: 5 };
  const { frame: welcome, session } = encodeWelcome(nobleSeal, pair, keys, answer);
  const uplinkBody = encodeUplinkBody(uplink);
  const uplinkHeader = encodeUplinkHeader(1);
  const sealedUplink = nobleSeal.seal(session.uplink, nonceOf(1, 0), uplinkHeader, uplinkBody);
  const downlinkBody = encodeDownlinkBody(downlink);
  const downlinkHeader = encodeDownlinkHeader(1, 0);
  const sealedDownlink = nobleSeal.seal(session.downlink, nonceOf(1, 0), downlinkHeader, downlinkBody);
  const frames = {
    join: joining,
    joined: joined.frame,
    "the node key of that join": joined.keys.node,
    hello,
    welcome,
    "uplink key": session.uplink,
    "downlink key": session.downlink,
    "uplink body": uplinkBody,
    "uplink frame": concatBytes([uplinkHeader, sealedUplink]),
    "downlink body": downlinkBody,
    "downlink frame": concatBytes([downlinkHeader, sealedDownlink]),
  };
  return Object.fromEntries(Object.entries(frames).map(([name, bytes]) => [name, toHex(bytes)]));
}

describe("docs/reference/native.md", () => {
  it("shows the bytes that the codecs write", () => {
    expect(readVectors()).toEqual(computeVectors());
  });

  it("shows bodies that are read as they were meant", () => {
    const { "uplink body": up = "", "downlink body": down = "" } = readVectors();
    expect(decodeUplinkBody(fromHex(up) ?? new Uint8Array())).toEqual(uplink);
    expect(decodeDownlinkBody(fromHex(down) ?? new Uint8Array())).toEqual(downlink);
  });
});
