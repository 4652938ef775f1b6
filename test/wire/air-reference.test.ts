import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, fromHex, toHex } from "../../src/base/index.ts";
import {
  decodeClassicDownlink,
  decodeClassicUplink,
  encodeChannelReply,
  encodeClassicUplink,
  encodeDelivery,
  encodeLinkReply,
  encodePrototypeReply,
  type LinkReply,
  type PrototypeReply,
} from "../../src/wire/index.ts";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/air.md"), "utf8");
const [fromNode = "", toNode = ""] = page.split("## To a node");

/** The rows of a table that have bytes: what they are, the bytes, and how they read. */
function vectorsOf(text: string): [what: string, hex: string, reads: string][] {
  return [...text.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)` \| `(.+)` \|$/gm)].map(
    ([, what = "", hex = "", reads = ""]) => [what, hex.replaceAll(" ", ""), reads],
  );
}

describe("docs/reference/air.md", () => {
  it.each(vectorsOf(fromNode))("shows what a node sends: %s", (_what, hex, reads) => {
    const bytes = fromHex(hex) ?? new Uint8Array();
    expect(decodeUtf8(bytes)).toBe(reads);
    const uplink = decodeClassicUplink(bytes);
    if (uplink.type === "malformed") throw new Error(`${reads} is malformed: ${uplink.fault}`);
    expect(toHex(encodeClassicUplink(uplink))).toBe(hex);
  });

  it.each(vectorsOf(toNode))("shows what a node hears: %s", (_what, hex, reads) => {
    const bytes = fromHex(hex) ?? new Uint8Array();
    expect(decodeUtf8(bytes)).toBe(reads);
    const downlink = decodeClassicDownlink(bytes);
    if (!downlink) throw new Error(`${reads} cannot be read`);
    expect(toHex(encode(downlink, reads))).toBe(hex);
  });

  it("has bytes for everything", () => {
    expect([vectorsOf(fromNode).length, vectorsOf(toNode).length]).toEqual([8, 10]);
  });
});

function encode(downlink: NonNullable<ReturnType<typeof decodeClassicDownlink>>, reads: string): Uint8Array {
  if (downlink.type === "channel") return encodeChannelReply(downlink.channel);
  if (downlink.type === "reply") {
    return reads.startsWith("[")
      ? encodePrototypeReply(downlink.reply as PrototypeReply)
      : encodeLinkReply(downlink.reply as LinkReply);
  }
  const payload = encodeUtf8(downlink.message);
  return (
    encodeDelivery({ topic: downlink.topic, payload, retained: downlink.retained }, 250, 0)?.[0] ?? payload
  );
}
