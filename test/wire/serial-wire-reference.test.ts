import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { describe, expect, it } from "vitest";
import { createSeededRandom, fromHex, randomInteger, toHex } from "../../src/base/index.ts";
import {
  decodeSerialPacket,
  encodeSerialFrame,
  encodeSerialPacket,
  SerialFrameReader,
} from "../../src/wire/index.ts";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/serial-wire.md"), "utf8");
const vectors = [...page.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)` \| `([0-9a-f ]+)` \|$/gm)].map(
  ([, what = "", content = "", frame = ""]) =>
    [what, content.replaceAll(" ", ""), frame.replaceAll(" ", "")] as const,
);
const python = /```python\n(.*?)```/s.exec(page)?.[1] ?? "";

describe("docs/reference/serial-wire.md", () => {
  it.each(vectors)("shows the bytes of: %s", (_what, content, frame) => {
    const bytes = fromHex(content) ?? new Uint8Array();
    expect(toHex(encodeSerialFrame(bytes))).toBe(frame);
    expect(new SerialFrameReader(300).read(fromHex(frame) ?? new Uint8Array()).map(toHex)).toEqual([content]);
    const packet = decodeSerialPacket(bytes);
    expect(packet && toHex(encodeSerialPacket(packet))).toBe(content);
  });

  it("has bytes for everything", () => {
    expect(vectors.length).toBe(7);
  });

  it("has Python that writes and reads the same frames in real MicroPython", async () => {
    const micropython = await loadMicroPython({ heapsize: 1_048_576 });
    micropython.runPython(
      `${python}
from binascii import hexlify, unhexlify
def answer(text):
    content = unhexlify(text)
    frame = to_frame(content)
    assert from_frame(frame[:-1]) == content
    for at in range(len(frame) - 1):
        damaged = bytearray(frame[:-1])
        damaged[at] ^= 4
        assert from_frame(damaged) is None or damaged[at] == 0
    return hexlify(frame).decode()
`,
    );
    const answer = micropython.globals.get("answer") as (text: string) => string;
    const random = createSeededRandom(3);
    for (const length of [0, 1, 4, 20, 249, 250, 251, 253, 254, 300, 510]) {
      const content = Uint8Array.from({ length }, () => randomInteger(random, length > 200 ? 1 : 0, 255));
      const frame = fromHex(answer(toHex(content))) ?? new Uint8Array();
      const read = new SerialFrameReader(600).read(frame);
      expect(read.map(toHex)).toEqual([toHex(content)]);
    }
  });
});
