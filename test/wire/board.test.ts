import { generateKeyPairSync, sign as signBytes, verify as verifyBytes } from "node:crypto";
import { assert, boolean, constantFrom, json, nat, oneof, property, string, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, fromHex, toHex } from "../../src/base/index.ts";
import {
  type BoardPacket,
  boardCommands,
  classicCommandBytes,
  decodeAck,
  decodeBoardEntry,
  decodeBoardInfo,
  decodeBoardPacket,
  decodeBoardRequest,
  decodeCall,
  decodeCommandTopic,
  decodeCrashReport,
  decodeFault,
  decodePartsProgress,
  decodeReplyTopic,
  encodeAck,
  encodeBoardPacket,
  encodeBoardRequest,
  encodeCall,
  encodeCommandTopic,
  encodeFault,
  encodeReplyTopic,
  PacketOrder,
  parsePartTail,
  splitIntoPackets,
  toBoardBase,
  toCommandId,
  toLogTopic,
  uncounted,
} from "../../src/wire/index.ts";
import { captureOf, captures } from "../support/mqboard-captures.ts";

const base = "esp32/test/mqb";

describe("commands of the original program", () => {
  it.each(captures)("are read and written byte for byte: $title", ({ messages }) => {
    expect(messages.length).toBeGreaterThan(0);
    const order = new PacketOrder();
    for (const { topic, payload } of messages) {
      const command = decodeCommandTopic(base, topic);
      const packet = decodeBoardPacket(payload);
      if (!command || !packet) throw new Error("it is not read");
      expect(command.id).toMatch(/^[\w-]{8}$/);
      expect(order.place(packet)).toBe("next");
      expect(encodeCommandTopic(base, command)).toBe(topic);
      expect(toHex(encodeBoardPacket(packet))).toBe(toHex(payload));
    }
  });

  it("of a file of 3000 bytes are split as it splits them", () => {
    const sent = captureOf("put big3000.bin /big.bin").map(({ payload }) => toHex(payload));
    const packets = [...splitIntoPackets(new Uint8Array(3000).fill(0x41), classicCommandBytes)];
    const written = packets.map((packet) => toHex(encodeBoardPacket(packet)));
    expect(written.map(({ length }) => length / 2)).toEqual([1402, 1402, 202]);
    expect(written.map((hex, index) => hex.slice(0, sent[index]?.length))).toEqual(sent);
  });

  it("of an empty file are one empty message", () => {
    const [message] = captureOf("put empty.txt /empty");
    const packets = [...splitIntoPackets(new Uint8Array(), classicCommandBytes)];
    expect(packets.map((packet) => toHex(encodeBoardPacket(packet)))).toEqual([
      toHex(message?.payload ?? new Uint8Array()),
    ]);
  });

  it("keep what stands behind the id, slashes and all", () => {
    expect(decodeCommandTopic(base, `${base}/cmd/get/icucdK_d/boot.py`)?.tail).toBe("boot.py");
    expect(decodeCommandTopic(base, `${base}/cmd/get/Em01g2NK//lib/foo.py`)?.tail).toBe("/lib/foo.py");
    expect(decodeCommandTopic(base, `${base}/cmd/eval/0F00D/`)?.tail).toBe("");
    expect(decodeCommandTopic(base, `${base}/cmd/eval/0F00D`)?.tail).toBeUndefined();
  });

  it("of other boards, and without an id, are none", () => {
    for (const topic of [
      "other/test/mqb/cmd/eval/x",
      "esp32/best/mqb/cmd/eval/x",
      `${base}/cmd/eval`,
      `${base}/cmd//x`,
      `${base}/cmd/eval/`,
    ]) {
      expect(decodeCommandTopic(base, topic)).toBeUndefined();
    }
  });
});

const packet = (sequence: number): BoardPacket => ({ sequence, last: false, body: new Uint8Array() });

describe("packets", () => {
  it.each([
    ["8000", 0, true],
    ["0000", 0, false],
    ["8002", 2, true],
    ["ffff", uncounted, true],
    ["7ffe", 0x7ffe, false],
  ])("%s", (hex, sequence, last) => {
    expect(decodeBoardPacket(fromHex(hex) ?? new Uint8Array())).toMatchObject({ sequence, last });
  });

  it("that are too short are none", () => {
    expect(decodeBoardPacket(new Uint8Array())).toBeUndefined();
    expect(decodeBoardPacket(Uint8Array.of(0x80))).toBeUndefined();
  });

  it("come back as they went", () => {
    assert(
      property(nat(0x7fff), boolean(), uint8Array({ maxLength: 50 }), (sequence, last, body) => {
        const decoded = decodeBoardPacket(encodeBoardPacket({ sequence, last, body }));
        expect({ ...decoded, body: [...(decoded?.body ?? [])] }).toEqual({ sequence, last, body: [...body] });
      }),
    );
  });

  it("are placed: the next, one again, and one after a gap", () => {
    const order = new PacketOrder();
    expect([0, 1, 1, 3, 2].map((sequence) => order.place(packet(sequence)))).toEqual([
      "next",
      "next",
      "repeated",
      "gap",
      "next",
    ]);
  });
});

describe("topics of a board", () => {
  it("have a base made of the prefix, and a log beside it", () => {
    expect(toBoardBase("esp32/test")).toBe(base);
    expect(toBoardBase("esp32/test/")).toBe(base);
    expect(toLogTopic(base)).toBe("esp32/test/log");
    expect(toLogTopic("some/where")).toBe("some/where/log");
  });

  it("of answers are read and written", () => {
    expect(decodeReplyTopic(base, `${base}/reply/out/5VBKwrPq`)).toEqual({ kind: "out", id: "5VBKwrPq" });
    expect(encodeReplyTopic(base, "err", "x")).toBe(`${base}/reply/err/x`);
    for (const topic of [
      `${base}/reply/out`,
      `${base}/reply/out/`,
      `${base}/reply/log/x`,
      `${base}/reply/out/x/y`,
    ]) {
      expect(decodeReplyTopic(base, topic)).toBeUndefined();
    }
  });

  it("have ids of the URL-safe alphabet, as base64 makes them", () => {
    assert(
      property(uint8Array({ minLength: 6, maxLength: 6 }), (six) => {
        expect(toCommandId(six)).toBe(Buffer.from(six).toString("base64url"));
      }),
    );
  });

  it("of parts hold an offset", () => {
    expect(parsePartTail("0")).toBe(0);
    expect(parsePartTail("65536")).toBe(65_536);
    for (const tail of [undefined, "", "-1", "01", "1e3", "9".repeat(16)])
      expect(parsePartTail(tail)).toBeUndefined();
  });
});

describe("acknowledgements", () => {
  it("are read and written", () => {
    expect(decodeAck(encodeAck(8))).toBe(8);
    expect(decodeUtf8(encodeAck(3744))).toBe("SEQ 3744");
  });

  it.each(["SEQ ", "SEQ 5\r\n", "SEQ x", "OK", "SEQ 1234567"])("%j is none", (text) => {
    expect(decodeAck(encodeUtf8(text))).toBeUndefined();
  });
});

describe("calls", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const signer = {
    publicKey: new Uint8Array(raw),
    sign: (message: Uint8Array) => new Uint8Array(signBytes(null, message, privateKey)),
  };
  const call = {
    session: new Uint8Array(16).fill(1),
    caller: new Uint8Array(8).fill(2),
    number: 7,
    request: encodeBoardRequest({ do: "info" }),
  };
  const topic = `${base}/cmd/call/abc`;
  const holds = (where: string, body: Uint8Array) => {
    const decoded = decodeCall(where, body);
    if ("fault" in decoded || !decoded.proof) return false;
    return verifyBytes(null, decoded.proof.message, publicKey, decoded.proof.signature);
  };

  it("without a signature have these bytes", () => {
    expect(toHex(encodeCall(topic, call))).toBe(
      `0100${"01".repeat(16)}${"02".repeat(8)}00000007${toHex(encodeUtf8('{"do":"info"}'))}`,
    );
    expect(decodeCall(topic, encodeCall(topic, call))).toEqual({ ...call, proof: undefined });
  });

  it("with a signature hold for this topic and these bytes only", () => {
    const body = encodeCall(topic, call, signer);
    expect(decodeCall(topic, body)).toMatchObject(call);
    expect(holds(topic, body)).toBe(true);
    expect(holds(`${base}/cmd/call/abd`, body)).toBe(false);
    for (let index = 2; index < body.length; index++) {
      const changed = body.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(holds(topic, changed)).toBe(false);
    }
  });

  it.each([
    "",
    "0100",
    "0101" + "00".repeat(100),
    // Of another version, and with flags that mean nothing.
    "0200" + "00".repeat(100),
    "0102" + "00".repeat(200),
  ])("%j is none", (hex) => {
    expect(decodeCall(topic, fromHex(hex) ?? new Uint8Array())).toHaveProperty("fault");
  });
});

describe("requests", () => {
  it.each([
    '{"do":"info"}',
    '{"do":"list","path":"/lib","recursive":true,"digest":false}',
    `{"do":"put","path":"a","size":0,"sha256":"${"0".repeat(64)}"}`,
    '{"do":"reset","mode":"safe"}',
    '{"do":"log-level","mqtt":"none"}',
  ])("%s is read", (text) => {
    expect(decodeBoardRequest(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ["", "is no JSON object"],
    ["[]", "is no JSON object"],
    ["{}", "asks for the unknown command (none)"],
    ['{"do":"toString"}', 'asks for the unknown command "toString"'],
    ['{"do":"list"}', "needs a text in its field path"],
    ['{"do":"list","path":7}', "needs a text in its field path"],
    ['{"do":"list","path":"","deep":1}', 'has a field "deep" that list does not have'],
    ['{"do":"get","path":"x","offset":-1,"size":1}', "needs a whole number, 0 or more in its field offset"],
    ['{"do":"put","path":"a","size":0,"sha256":"XY"}', "needs 64 hexadecimal digits in its field sha256"],
    [
      `{"do":"update","size":0,"sha256":"${"0".repeat(64)}","signature":"${"0".repeat(127)}"}`,
      "needs 128 hexadecimal digits in its field signature",
    ],
    [
      '{"do":"log-level","mqtt":"loud"}',
      "needs debug, info, warning, error, critical or none in its field mqtt",
    ],
    ['{"do":"reset","mode":"now"}', "needs normal, safe, soft or hard in its field mode"],
  ])("%s is refused in words", (text, fault) => {
    expect(decodeBoardRequest(text)).toEqual({ fault });
  });
});

describe("readers", () => {
  it("never throw, whatever comes", () => {
    const anything = oneof(
      string(),
      json(),
      constantFrom(...boardCommands).map((command) => JSON.stringify({ do: command, path: "x", size: 1 })),
    );
    assert(
      property(anything, uint8Array({ maxLength: 200 }), (text, bytes) => {
        decodeBoardRequest(text);
        decodeBoardInfo(text);
        decodeBoardEntry(text);
        decodePartsProgress(text);
        decodeCrashReport(text);
        decodeFault(text);
        decodeCommandTopic(base, text);
        decodeReplyTopic(base, text);
        decodeCall(text, bytes);
        decodeBoardPacket(bytes);
        decodeAck(bytes);
      }),
    );
  });

  it("give a refusal's code where there is one", () => {
    expect(decodeFault(encodeFault("board/not-found", "no such file: /x\nat all"))).toEqual({
      code: "board/not-found",
      text: "no such file: /x\nat all",
    });
    expect(decodeFault("Traceback: …").code).toBeUndefined();
  });
});
