import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, fromHex, toHex } from "../../src/base/index.ts";
import {
  decodeClassicLink,
  decodeLinkAnswer,
  decodeLinkRequest,
  encodeClassicAnswer,
  encodeLinkAnswer,
  encodeLinkRequest,
  initFromTuple,
} from "../../src/wire/index.ts";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/link.md"), "utf8");
const [fromHost = "", fromModem = ""] = page.split("| from the modem | bytes |");

function vectorsOf(text: string): [string, Uint8Array][] {
  return [...text.matchAll(/^\| ([^|]+) \| `((?:[0-9a-f]{2} ?)+)` \|/gm)].map(([, what = "", hex = ""]) => [
    what,
    fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array(),
  ]);
}

describe("docs/reference/link.md", () => {
  it.each(vectorsOf(fromHost))("shows what a host says: %s", (_what, bytes) => {
    const request = decodeLinkRequest(bytes);
    if (request.type === "malformed") throw new Error(request.fault);
    expect(toHex(encodeLinkRequest(request))).toBe(toHex(bytes));
  });

  it.each(vectorsOf(fromModem))("shows what a modem says: %s", (_what, bytes) => {
    const answer = decodeLinkAnswer(bytes);
    if (answer.type === "malformed") throw new Error(answer.fault);
    expect(toHex(encodeLinkAnswer(answer))).toBe(toHex(bytes));
  });

  it("has bytes for everything", () => {
    expect([vectorsOf(fromHost).length, vectorsOf(fromModem).length]).toEqual([10, 5]);
  });
});

const classic = (text: string) => decodeClassicLink(encodeUtf8(text.replaceAll("|", "\u007f")));

describe("classic strings", () => {
  it("tell true from false, whatever flag they use", () => {
    expect(classic("p|result|1|0|1")).toMatchObject({ type: "publish", retain: false, qos: 1 });
    expect(classic("p|result|1|1|0")).toMatchObject({ retain: true, qos: 0 });
    expect(classic("w|shed|gone|False|0")).toMatchObject({ type: "will", retain: false });
    expect(classic("w|shed|gone|True|1")).toMatchObject({ retain: true, qos: 1 });
  });

  it("hold an init of 13 to 18 fields", () => {
    const start = ["init", "ssid", "pw", "192.168.0.9", "", "", "{}", 1, 0, 0, 1];
    const forms: [(string | number)[], number, boolean, number | undefined][] = [
      [[...start, 3600, 120], 120, true, 3600],
      [[...start, -1, 60, 0], 60, false, -1],
      [[...start, 0, 60, 1, 0], 60, true, 0],
      [[...start, 60, 0, 1, 4, 10], 60, true, undefined],
      [[...start, 60, 0, 0, 4, 10, 0], 60, false, undefined],
      [[...start, 30, 1, 1, 4, 10, 5, "pool.ntp.org"], 30, true, undefined],
    ];
    for (const [tuple, keepaliveSeconds, cleanSession, clockSeconds] of forms) {
      const read = initFromTuple(tuple);
      expect(read?.init).toMatchObject({
        ssid: "ssid",
        broker: "192.168.0.9",
        keepaliveSeconds,
        cleanSession,
      });
      expect(read?.clockSeconds).toBe(clockSeconds);
      expect(classic(tuple.join("|"))).toMatchObject({ type: "init", fields: tuple.length });
    }
    expect(classic([...start, 60, 0].slice(0, 12).join("|"))).toMatchObject({ fault: "bad-init" });
    expect(classic([...start, "x", 60].join("|"))).toMatchObject({ fault: "bad-init" });
    expect(classic([...start, 0, 70_000].join("|"))).toMatchObject({ fault: "bad-init" });
  });

  it("are told to 13- and 17-field hosts without, to 18-field hosts with the retained flag", () => {
    const message = {
      type: "message",
      id: 1,
      topic: "green",
      payload: encodeUtf8("on"),
      retained: false,
      qos: 1,
    } as const;
    const text = (fields: number, one: typeof message = message) =>
      decodeUtf8(encodeClassicAnswer(one, fields, true) ?? new Uint8Array())?.replaceAll("\u007f", "|");
    expect([text(17), text(18)]).toEqual(["u|green|on", "u|green|on|False"]);
    expect(encodeClassicAnswer({ ...message, payload: encodeUtf8("é") }, 17, true)).toBeUndefined();
    expect(encodeClassicAnswer({ ...message, payload: encodeUtf8("é") }, 17, false)).toBeDefined();
    expect(encodeClassicAnswer({ ...message, payload: Uint8Array.of(0x7f) }, 17, false)).toBeUndefined();
  });
});

describe("messages of the link", () => {
  it("never make a reader throw, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 80 }), (first, rest) => {
        const bytes = Uint8Array.from([first, ...rest]);
        decodeLinkAnswer(bytes);
        decodeLinkRequest(bytes);
        decodeClassicLink(bytes);
      }),
      { numRuns: 20_000 },
    );
    for (const init of ["null", "[]", '{"port":70000}', '{"ssid":1}', "{", '{"tls":"yes"}']) {
      expect(decodeLinkRequest(encodeUtf8(`\u0000${init}`).fill(0x80, 0, 1))).toMatchObject({
        fault: "bad-init",
      });
    }
  });
});
