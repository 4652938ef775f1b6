import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeUtf8, sha256Of } from "../../src/base/index.ts";
import { FolderCrashStore } from "../../src/node/board/crashes.ts";
import { openWriter } from "../../src/node/board/files.ts";
import { ImageSlots } from "../../src/node/board/slots.ts";
import { systemCryptography } from "../../src/node/index.ts";
import { AgentWorld } from "./agent-world.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-files-"));
afterAll(() => rmSync(folder, { recursive: true }));
const done = () => Promise.resolve();

describe("a put over a file (real)", () => {
  it("leaves the file's mode as it is", async () => {
    await using world = await AgentWorld.start();
    const file = join(world.root, "script");
    writeFileSync(file, "old");
    chmodSync(file, 0o750);
    const board = await world.drive();
    await board.put("script", encodeUtf8("new"));
    expect(statSync(file).mode & 0o777).toBe(0o750);
    await board.put("other", encodeUtf8("new"));
    expect(statSync(join(world.root, "other")).mode & 0o777).toBe(0o644);
  });
});

describe("the slots (real)", () => {
  const bytes = encodeUtf8("image");
  const image = { size: bytes.length, sha256: sha256Of(systemCryptography, bytes), signature: null };

  it("are made anew where somebody has removed them", async () => {
    const slots = new ImageSlots(join(folder, "slots"));
    slots.prepare();
    rmSync(join(folder, "slots"), { recursive: true });
    const writer = await slots.open("a", image, done, done);
    await writer.write([bytes]);
    await writer.accept();
    await writer.close();
    expect(slots.check("a", image, [])).toBe("sound");
  });

  it("do not go on with more than an image has: it comes anew", async () => {
    const slots = new ImageSlots(folder);
    slots.prepare();
    const content = encodeUtf8("an image");
    const sha256 = sha256Of(systemCryptography, content);
    const short = { size: content.length, sha256, signature: null };
    writeFileSync(join(folder, `${sha256}.part`), "more than an image");
    const writer = await slots.open("a", short, done, done);
    expect(writer.size).toBe(0);
    await writer.write([content]);
    await writer.accept();
    await writer.close();
    expect(slots.check("a", short, [])).toBe("sound");
  });

  it("let the hardware watchdog be fed while a long image is digested", () => {
    const slots = new ImageSlots(join(folder, "long"));
    slots.prepare();
    const long = new Uint8Array(3 * 1_048_576 + 1);
    writeFileSync(slots.pathOf("b"), long);
    const sha256 = sha256Of(systemCryptography, long);
    let feeds = 0;
    expect(slots.check("b", { size: long.length, sha256, signature: null }, [], () => feeds++)).toBe("sound");
    expect(feeds).toBe(4);
  });

  it("refuse with the board's own errors", async () => {
    writeFileSync(join(folder, "file"), "");
    const slots = new ImageSlots(join(folder, "file/slots"));
    await expect(slots.open("a", image, done, done)).rejects.toMatchObject({ code: "board/not-a-folder" });
  });
});

describe("a file that cannot be synced, and crashes that cannot be removed (real)", () => {
  it("are refused with the board's own errors", async () => {
    const file = await open(join(folder, "closed"), "a");
    const writer = await openWriter(file, "closed");
    await file.close();
    await expect(writer.sync()).rejects.toMatchObject({ code: "board/files" });
    mkdirSync(join(folder, "crashes/1.json/in-the-way"), { recursive: true });
    const crashes = new FolderCrashStore(join(folder, "crashes"));
    await expect(crashes.clear()).rejects.toMatchObject({
      code: expect.stringMatching(/^board\//) as string,
    });
  });
});
