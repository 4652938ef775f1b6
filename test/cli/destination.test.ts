import { execFileSync } from "node:child_process";
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDestination } from "../../src/cli/board/destination.ts";

async function fetchTo(to: string): Promise<string | undefined> {
  const target = openDestination(to, "name");
  await new Promise<void>((resolve) => target.stream.end("new", () => resolve()));
  target.finish();
  target.discard();
  return target.path;
}

describe("where a fetched file goes", () => {
  let folder: string;
  const inFolder = (name: string) => join(folder, name);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moteq-destination-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is a file, or its own name in a folder", async () => {
    mkdirSync(inFolder("lib"));
    expect(await fetchTo(inFolder("file"))).toBe(inFolder("file"));
    expect(await fetchTo(inFolder("lib"))).toBe(inFolder("lib/name"));
    expect(readFileSync(inFolder("lib/name"), "utf8")).toBe("new");
    expect(readdirSync(folder, { recursive: true })).toHaveLength(3);
  });

  it("is refused where there is no such folder, which is named", () => {
    for (const to of ["nonexist/", "nonexist/file"]) {
      const message = `cannot write ${inFolder(to)}: there is no folder ${inFolder("nonexist")}`;
      expect(() => openDestination(inFolder(to), "name")).toThrow(message);
    }
  });

  it("is what a link leads to, and the link stays", async () => {
    mkdirSync(inFolder("lib"));
    writeFileSync(inFolder("lib/real"), "old");
    symlinkSync("lib/real", inFolder("link"));
    await fetchTo(inFolder("link"));
    expect(lstatSync(inFolder("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(inFolder("lib/real"), "utf8")).toBe("new");
    symlinkSync("nowhere", inFolder("dangling"));
    expect(() => openDestination(inFolder("dangling"), "name")).toThrow("it is a link that leads nowhere");
  });

  it("may be a pipe, which stays one", async () => {
    execFileSync("mkfifo", [inFolder("pipe")]);
    const read = text(createReadStream(inFolder("pipe")));
    await fetchTo(inFolder("pipe"));
    expect(await read).toBe("new");
    expect(lstatSync(inFolder("pipe")).isFIFO()).toBe(true);
  });

  it("is standard output for - and for nothing", () => {
    expect(openDestination("-", "name")).toMatchObject({ path: undefined, stream: process.stdout });
    expect(openDestination(undefined, "name").path).toBeUndefined();
  });
});
