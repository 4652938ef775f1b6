import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeUtf8, sha256Of } from "../../src/base/index.ts";
import { freshRecord, unreadRecord } from "../../src/board/index.ts";
import { FolderCrashStore } from "../../src/node/board/crashes.ts";
import { BootRecordFile } from "../../src/node/board/record-file.ts";
import { readPatiently } from "../../src/node/board/read-patiently.ts";
import { ImageSlots } from "../../src/node/board/slots.ts";
import { writeWhole } from "../../src/node/board/whole-file.ts";
import { systemCryptography } from "../../src/node/index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moteq-kept-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const nothing = () => Promise.resolve();

describe("what a board keeps (real)", () => {
  it("of crashes are the last twenty", async () => {
    const crashes = new FolderCrashStore(folder);
    const crash = { time: "t", cause: "c", slot: "a", mode: "normal", uptimeMs: 1, memoryBytes: 1 } as const;
    for (let count = 0; count < 23; count++) crashes.add(crash);
    const numbers = (await crashes.list()).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 4));
    expect(readdirSync(folder)).toHaveLength(20);
  });

  it("of boots is as if it had never started, where the file is damaged", () => {
    const path = join(folder, "boot.json");
    for (const text of ["", "{", "\0\0\0", '{"active":"a"']) {
      writeFileSync(path, text);
      expect(new BootRecordFile(path).read()).toEqual(freshRecord);
    }
  });

  it.runIf(process.platform === "linux")(
    "of boots is not written over while it cannot be read, and is read again",
    () => {
      const path = join(folder, "boot.json");
      // What cannot be read there gives an error of input and output, as on a worn SD card.
      symlinkSync("/proc/self/mem", path);
      const file = new BootRecordFile(path);
      expect(file.read()).toEqual(unreadRecord);
      expect(file.unread).toMatch(/EIO/);
      expect(file.save(freshRecord)).toMatch(/^what is there could not be read: EIO/);
      expect(readlinkSync(path)).toBe("/proc/self/mem");
      rmSync(path);
      writeFileSync(path, JSON.stringify({ ...freshRecord, active: "b" }));
      expect([file.read().active, file.unread, file.save(freshRecord)]).toEqual(["b", undefined, undefined]);
    },
  );

  it("is tried again where reading fails for what may pass, and not where nothing is there", () => {
    let tries = 0;
    const failing = (code: string) => () => {
      if (++tries < 2) throw Object.assign(new Error(code), { code });
      return "text";
    };
    expect(readPatiently(failing("EIO"))).toBe("text");
    tries = 0;
    expect(() => readPatiently(failing("ENOENT"))).toThrow("ENOENT");
  });

  it.runIf(process.platform === "linux")("of an image is no less for what cannot be read now", () => {
    const slots = new ImageSlots(folder);
    slots.prepare();
    const image = { size: 0, sha256: sha256Of(systemCryptography, new Uint8Array()), signature: null };
    expect(slots.check("a", image, [])).toBe("damaged");
    symlinkSync("/proc/self/mem", slots.pathOf("a"));
    expect(slots.check("a", image, [])).toBe("unread");
    rmSync(slots.pathOf("a"));
    // Nobody writes into the pipe: to open it would take for ever.
    execFileSync("mkfifo", [slots.pathOf("a")]);
    expect(slots.check("a", image, [])).toBe("damaged");
    rmSync(slots.pathOf("a"));
    writeFileSync(slots.pathOf("a"), "");
    expect(slots.check("a", image, [])).toBe("sound");
  });

  it("of images makes room for itself: what is in its way is put aside, and a copied moteq gives way to the link", () => {
    const slots = new ImageSlots(join(folder, "slots"));
    const said: string[] = [];
    writeFileSync(join(folder, "slots"), "a file");
    slots.prepare((text) => said.push(text));
    rmSync(join(folder, "slots/a"), { recursive: true });
    symlinkSync("/nowhere/at/all", join(folder, "slots/a"));
    // Something was in its way before.
    mkdirSync(join(folder, "slots/a.aside/b"), { recursive: true });
    rmSync(join(folder, "slots/node_modules/moteq"));
    mkdirSync(join(folder, "slots/node_modules/moteq/dist"), { recursive: true });
    slots.prepare((text) => said.push(text));
    expect(said).toEqual(
      ["slots", "slots/a"].map(
        (name) => `${join(folder, name)} was no folder, and is ${join(folder, name)}.aside now`,
      ),
    );
    expect(readFileSync(join(folder, "slots.aside"), "utf8")).toBe("a file");
    const link = join(folder, "slots/node_modules/moteq");
    expect(existsSync(join(link, "package.json"))).toBe(true);
    // One that is right stays: on a full disk it could not be made anew.
    const { ctimeNs } = lstatSync(link, { bigint: true });
    slots.prepare();
    expect(lstatSync(link, { bigint: true }).ctimeNs).toBe(ctimeNs);
  });

  it("is written whole or not at all, and what could not be written takes no room", () => {
    mkdirSync(join(folder, "taken"));
    expect(() => writeWhole(join(folder, "taken"), "text")).toThrow(/EISDIR/);
    expect(readdirSync(folder)).toEqual(["taken"]);
    expect(new BootRecordFile(join(folder, "taken")).save(freshRecord)).toMatch(/EISDIR/);
  });

  it("of images that are not whole is the one that comes in now, unless it is longer than that may be", async () => {
    const slots = new ImageSlots(folder);
    slots.prepare();
    const parts = () => readdirSync(folder).filter((name) => name.endsWith(".part"));
    const openWith = async (text: string, size: number) => {
      const sha256 = sha256Of(systemCryptography, encodeUtf8(text));
      const writer = await slots.open("a", { size, sha256, signature: null }, nothing, nothing);
      const { size: have } = writer;
      await writer.write([encodeUtf8(text)]);
      await writer.close();
      return { have, part: `${sha256}.part` };
    };
    const one = await openWith("one", 100);
    expect(parts()).toEqual([one.part]);
    expect((await openWith("one", 100)).have).toBe(3);
    expect((await openWith("one", 5)).have).toBe(0);
    const two = await openWith("two", 100);
    expect(parts()).toEqual([two.part]);
  });
});
