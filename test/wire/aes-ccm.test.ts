import { createCipheriv, createHmac, hkdfSync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/index.ts";
import { nobleSeal, openCcm, sealCcm } from "../../src/wire/index.ts";

function bytes(hex: string): Uint8Array {
  return fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array();
}

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const sealed = fc.record({
  key: exactly(16),
  nonce: exactly(13),
  header: fc.uint8Array({ maxLength: 20 }),
  body: fc.uint8Array({ maxLength: 300 }),
});

describe("AES-CCM", () => {
  // RFC 3610, section 8, packet vectors #1 and #2.
  it.each([
    [
      "00000003020100a0a1a2a3a4a5",
      "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
      "588c979a61c663d2f066d0c2c0f989806d5f6b61dac384 17e8d12cfdf926e0",
    ],
    [
      "00000004030201a0a1a2a3a4a5",
      "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3b a091d56e10400916",
    ],
  ])("seals as the standard's vector with nonce %s", (nonce, body, expected) => {
    const key = bytes("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");
    const header = bytes("0001020304050607");
    const result = sealCcm(key, bytes(nonce), header, bytes(body));
    expect(toHex(result)).toBe(expected.replaceAll(" ", ""));
    expect(toHex(openCcm(key, bytes(nonce), header, result) ?? new Uint8Array())).toBe(body);
  });

  it("seals as OpenSSL does, and opens what it sealed", () => {
    fc.assert(
      fc.property(sealed, ({ key, nonce, header, body }) => {
        const cipher = createCipheriv("aes-128-ccm", key, nonce, { authTagLength: 8 });
        if (header.length > 0) cipher.setAAD(header, { plaintextLength: body.length });
        const expected = Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()]);
        const result = sealCcm(key, nonce, header, body);
        expect(toHex(result)).toBe(expected.toString("hex"));
        expect(openCcm(key, nonce, header, result)).toEqual(body);
      }),
      { numRuns: 300 },
    );
  });

  it("opens nothing of which a single bit is another", () => {
    fc.assert(
      fc.property(sealed, fc.nat(), ({ key, nonce, header, body }, chance) => {
        const altered = sealCcm(key, nonce, header, body);
        const bit = chance % (altered.length * 8);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(openCcm(key, nonce, header, altered)).toBeUndefined();
        expect(openCcm(key, nonce, Uint8Array.of(1, ...header), altered)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(openCcm(new Uint8Array(16), new Uint8Array(13), new Uint8Array(), new Uint8Array(7))).toBe(
      undefined,
    );
  });
});

describe("keys", () => {
  it("are derived as Node's crypto derives them", () => {
    fc.assert(
      fc.property(exactly(16), fc.uint8Array({ maxLength: 40 }), exactly(20), (secret, salt, info) => {
        const expected = Buffer.from(hkdfSync("sha256", secret, salt, info, 32)).toString("hex");
        expect(toHex(nobleSeal.derive(secret, salt, info, 32))).toBe(expected);
        const mac = createHmac("sha256", secret).update(info).digest("hex");
        expect(toHex(nobleSeal.mac(secret, info))).toBe(mac);
      }),
      { numRuns: 100 },
    );
  });
});
