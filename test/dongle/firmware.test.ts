import { describe, expect, it } from "vitest";
import { firmwareMark } from "../../src/node/dongle/board.ts";
import { readFirmware } from "../../src/node/dongle/install.ts";
import { firmware } from "./dongle-world.ts";

describe("firmware/dongle.py", () => {
  it("is what `moteq dongle install` brings, and is known again by its first line", () => {
    expect(readFirmware()).toBe(firmware);
    expect(firmware.startsWith(firmwareMark)).toBe(true);
  });

  it("has at most 300 lines of at most 120 characters, all ASCII", () => {
    const lines = firmware.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(300);
    // oxlint-disable-next-line no-control-regex -- tabs have no place there either
    expect(lines.filter((line) => !/^[\x20-\x7e]{0,120}$/.test(line))).toEqual([]);
  });
});
