import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger } from "../../../src/base/index.ts";
import {
  createLogKey,
  encodeFrame,
  encodeHeader,
  headerLength,
  type LogFound,
  type LogKey,
  readLog,
} from "../../../src/node/stores/framed-log.ts";
import type { StoreFile } from "../../../src/node/stores/store-folder.ts";
import { FragileFolder } from "./fragile-folder.ts";

const key: LogKey = { frameSalt: 0x01020304, recordSalt: 0xa0b0c0d0 };
const whole: Partial<LogFound> = { format: 2, torn: false, key };

function logOf(...records: (string | Uint8Array)[]): Buffer {
  return Buffer.concat([
    encodeHeader(key),
    ...records.map((record) => encodeFrame(typeof record === "string" ? Buffer.from(record) : record, key)),
  ]);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** What is read of a log, and what it took. */
async function read(bytes: Uint8Array) {
  const folder = new FragileFolder();
  folder.put("log", bytes);
  const file = await folder.open("log");
  if (!file) throw new Error("it is not there");
  const records: string[] = [];
  const found = await readLog(file, (record) => records.push(record.toString()) > 0);
  return { records, found, bytesRead: folder.bytesRead };
}

describe("a log in frames", () => {
  it("has these bytes", () => {
    const copy = ["6d6f7465716c6f67", "02", "01020304", "a0b0c0d0", "e2a74738"].join("");
    expect(hexOf(encodeHeader(key))).toBe(copy + copy);
    const frame = ["a7", "00000005", "a2f17520", "1bce858a", "68656c6c6f"].join("");
    expect(hexOf(encodeFrame(Buffer.from("hello"), key))).toBe(frame);
  });

  it("gives back what was put in", async () => {
    const long = "x".repeat(3_000_000);
    const { records, found } = await read(logOf("one", "", long, "two"));
    expect(records).toEqual(["one", "", long, "two"]);
    expect(found).toMatchObject({ ...whole, damaged: 0 });
  });

  it("has salts of its own each time", () => {
    const [one, other] = [createLogKey(), createLogKey()];
    expect(one.frameSalt).not.toBe(other.frameSalt);
    expect(one.recordSalt).not.toBe(other.recordSalt);
  });

  it("says what it is if it is none, or of another format", async () => {
    const newer = logOf("one");
    newer.writeUInt8(3, 8);
    newer.writeUInt32BE(crc32(newer.subarray(0, 17)), 17);
    expect(await read(newer)).toMatchObject({ records: [], found: { format: 3 } });
    expect((await read(Buffer.from("a700000001", "hex"))).found.format).toBe(1);
    for (const text of ["", "moteqlog", "anything else, at whatever length it is, and longer"]) {
      const { records, found } = await read(Buffer.from(text));
      expect([records, found.format]).toEqual([[], undefined]);
    }
  });

  it("cut at any byte behind its header gives every whole record", async () => {
    const records = ["one", "two", "three"];
    const log = logOf(...records);
    const ends = records.map((_record, index) => logOf(...records.slice(0, index + 1)).length);
    for (let length = headerLength; length <= log.length; length++) {
      const count = ends.filter((end) => end <= length).length;
      const { found, ...rest } = await read(log.subarray(0, length));
      expect(rest.records).toEqual(records.slice(0, count));
      const end = [headerLength, ...ends][count];
      expect(found).toEqual({ ...whole, damaged: 0, torn: length !== end, end });
    }
  });

  it("with a byte altered anywhere loses the record that it is in", async () => {
    const records = ["one", "two", "three"];
    const log = logOf(...records);
    for (let at = 0; at < log.length; at++) {
      const altered = Buffer.from(log);
      altered.writeUInt8(altered.readUInt8(at) ^ 0x10, at);
      const lost = records.findIndex((_record, index) => at < logOf(...records.slice(0, index + 1)).length);
      const left = at < headerLength ? records : records.filter((_record, index) => index !== lost);
      const { found, ...rest } = await read(altered);
      expect({ at, records: rest.records, ...found }).toMatchObject({
        at,
        records: left,
        ...whole,
        damaged: 1,
      });
    }
  });

  it("takes nothing inside a record for a frame, whatever is damaged", async () => {
    // Whoever sends a message may know everything but the salts.
    const forged = [0, 0xffff_ffff, 1].map((salt) =>
      encodeFrame(Buffer.from("forged"), { frameSalt: salt, recordSalt: salt }),
    );
    const log = logOf("one", Buffer.concat([...forged, Buffer.alloc(50)]), "two");
    const start = logOf("one").length;
    for (let at = start; at < log.length; at++) {
      const altered = Buffer.from(log);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      for (const bytes of [altered, altered.subarray(0, at + 1), log.subarray(0, at)]) {
        expect((await read(bytes)).records.filter((record) => record === "forged")).toEqual([]);
      }
    }
    // Even its own frames are not looked for where the frame around them is whole.
    const inside = logOf("one", Buffer.concat([logOf("inside").subarray(headerLength), Buffer.alloc(9)]));
    expect((await read(inside.subarray(0, -1))).records).toEqual(["one"]);
    inside.writeUInt8(inside.readUInt8(inside.length - 1) ^ 1, inside.length - 1);
    expect((await read(inside)).records).toEqual(["one"]);
  });

  it("reads each byte about once, however much of it looks like a frame", async () => {
    const marks = Buffer.alloc(1_000_000);
    for (let at = 0; at + 5 <= marks.length; at += 5) {
      marks[at] = 0xa7;
      marks.writeUInt32BE(marks.length - at - 100 > 0 ? marks.length - at - 100 : 0, at + 1);
    }
    const log = logOf(marks, "last");
    log.writeUInt8(0, headerLength);
    const { records, found, bytesRead } = await read(log);
    expect(records).toEqual(["last"]);
    expect(found).toMatchObject({ ...whole, damaged: 1 });
    expect(bytesRead).toBeLessThan(1.1 * log.length);
  });

  it("may be longer than fits into memory at once", async () => {
    const log = logOf("one");
    const length = 2 ** 32;
    const file: StoreFile = {
      ...((await new FragileFolder().create("log")) satisfies StoreFile),
      length: () => Promise.resolve(length),
      read: (buffer, position) => {
        buffer.fill(0);
        buffer.set(log.subarray(position, position + buffer.length));
        return Promise.resolve(Math.min(buffer.length, length - position));
      },
    };
    const records: string[] = [];
    const found = await readLog(file, (record) => records.push(record.toString()) > 0);
    expect(records).toEqual(["one"]);
    expect(found).toMatchObject({ ...whole, damaged: 1 });
  });

  it("is bounded by what is there, whatever stands there", async () => {
    const seed = 20_261_121;
    const random = createSeededRandom(seed);
    for (let run = 0; run < 300; run++) {
      const bytes = Buffer.from(logOf("one", "two", "x".repeat(200)));
      for (let time = randomInteger(random, 1, 12); time > 0; time--) {
        bytes.writeUInt8(randomInteger(random, 0, 255), randomInteger(random, 0, bytes.length - 1));
      }
      const { records } = await read(bytes.subarray(0, randomInteger(random, 0, bytes.length)));
      for (const record of records) {
        expect({ seed, run, record }).toEqual({
          seed,
          run,
          record: expect.stringMatching(/^(one|two|x{200})$/) as string,
        });
      }
    }
  });
});
