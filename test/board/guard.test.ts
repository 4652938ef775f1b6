import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Signer } from "../../src/base/index.ts";
import { Guard } from "../../src/board/guard.ts";
import { systemCryptography } from "../../src/node/index.ts";
import { encodeBoardRequest, encodeCall } from "../../src/wire/index.ts";

const publicKey = new Uint8Array(randomBytes(32));
/** Signatures of whom the board trusts begin with a 1. It takes a hundredth of a second to look at one. */
const trusted: Signer = { publicKey, sign: () => new Uint8Array(64).fill(1) };
const stranger: Signer = { publicKey, sign: () => new Uint8Array(64) };

function createGuard() {
  let now = 5000;
  const clock = { monotonic: () => now };
  const verify = (_key: Uint8Array, _message: Uint8Array, signature: Uint8Array) => {
    now += 10;
    return signature[0] === 1;
  };
  const guard = new Guard(clock, { ...systemCryptography, verify }, [publicKey], () => {});
  let number = 0;
  const caller = new Uint8Array(8);
  const admit = (signer: Signer) => {
    const request = encodeBoardRequest({ do: "eval", source: "1" });
    const call = { session: guard.session, caller, number: ++number, request };
    return guard.admitCall("shed/mqb/cmd/call/x", encodeCall("shed/mqb/cmd/call/x", call, signer));
  };
  return { guard, admit, wait: (ms: number) => void (now += ms) };
}

describe("a flood of calls with bad signatures", () => {
  it("has a quarter of each second at the most: what comes then is left unchecked, and counted", () => {
    const { guard, admit, wait } = createGuard();
    for (const second of [1, 2]) {
      for (let index = 0; index < 25; index++) expect(() => admit(stranger)).toThrow("does not hold");
      expect(admit(stranger)).toBeUndefined();
      expect(admit(trusted)).toBeUndefined();
      expect(guard.ignored.toJSON()).toEqual({ unchecked: second * 2 });
      wait(1000);
    }
    expect(admit(trusted)).toEqual({ do: "eval", source: "1" });
  });

  it("does not hold up who signs well, however much of that comes", () => {
    const { guard, admit } = createGuard();
    for (let index = 0; index < 200; index++) expect(admit(trusted)).toBeDefined();
    expect(guard.ignored.total()).toBe(0);
  });
});
