import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSeededRandom, fromHex, randomInteger, toHex } from "../../src/base/index.ts";
import {
  decodeDongleReport,
  decodeDongleRequest,
  type DongleReport,
  type DongleRequest,
  encodeDongleReport,
  encodeDongleRequest,
} from "../../src/wire/index.ts";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/dongle.md"), "utf8");
const [fromHost = "", fromDongle = ""] = page.split("## From the dongle");
const seed = Number(process.env["MOTEQ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** The rows of a table that have bytes: what they are, the bytes, and how they read. */
function vectorsOf(text: string): [what: string, hex: string, reads: string][] {
  return [...text.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)` \| `(.+)` \|$/gm)].map(
    ([, what = "", hex = "", reads = ""]) => [what, hex.replaceAll(" ", ""), reads],
  );
}

/** As the page writes it: bytes in hexadecimal. */
function toText(message: DongleRequest | DongleReport | undefined): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  );
}

describe("docs/reference/dongle.md", () => {
  it.each(vectorsOf(fromHost))("shows what a host says: %s", (_what, hex, reads) => {
    const request = decodeDongleRequest(fromHex(hex) ?? new Uint8Array());
    expect(toText(request)).toBe(reads);
    expect(request && toHex(encodeDongleRequest(request))).toBe(hex);
  });

  it.each(vectorsOf(fromDongle))("shows what a dongle says: %s", (_what, hex, reads) => {
    const report = decodeDongleReport(fromHex(hex) ?? new Uint8Array());
    expect(toText(report)).toBe(reads);
    expect(report && toHex(encodeDongleReport(report))).toBe(hex);
  });

  it("has bytes for everything", () => {
    expect([vectorsOf(fromHost).length, vectorsOf(fromDongle).length]).toEqual([6, 7]);
  });
});

describe("the dongle's messages", () => {
  it.each([
    "",
    "00",
    "01",
    "0106007f0000000000",
    "0106007f000000000000ff",
    "02000102000000aa01",
    "0300",
    "04",
    "040000",
  ])("are none of a host's: %s", (hex) => {
    expect(decodeDongleRequest(fromHex(hex) ?? new Uint8Array())).toBeUndefined();
  });

  it.each([
    "",
    "80",
    "81060000fa70041dad8f",
    "820102",
    "82010203",
    "8201020000",
    "83b902000000aa01",
    "8400",
    "85ff",
  ])("are none of a dongle's: %s", (hex) => {
    expect(decodeDongleReport(fromHex(hex) ?? new Uint8Array())).toBeUndefined();
  });

  it(`read any bytes, and write what they read as it was: 100,000 of them (MOTEQ_SEED=${seed})`, () => {
    const random = createSeededRandom(seed);
    let read = 0;
    for (let count = 0; count < 100_000; count++) {
      const bytes = Uint8Array.from({ length: randomInteger(random, 0, 40) }, () =>
        randomInteger(random, 0, 255),
      );
      bytes[0] = randomInteger(random, 0, 1) * 128 + randomInteger(random, 0, 6);
      // Bits of flags that mean nothing yet are not kept.
      if (bytes[0] === 1 || bytes[0] === 129) bytes[2] = (bytes[2] ?? 0) & 3;
      const request = decodeDongleRequest(bytes);
      const report = decodeDongleReport(bytes);
      if (request && request.type !== "restart")
        expect(toHex(encodeDongleRequest(request))).toBe(toHex(bytes));
      if (report) expect(toHex(encodeDongleReport(report))).toBe(toHex(bytes));
      if (request ?? report) read++;
    }
    expect(read).toBeGreaterThan(5000);
  });
});
