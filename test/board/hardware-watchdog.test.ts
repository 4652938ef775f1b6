import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HardwareWatchdog } from "../../src/node/board/hardware-watchdog.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-watchdog-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(device: string) {
  return () => new HardwareWatchdog(device, () => {});
}

describe.runIf(process.platform === "linux")("a hardware watchdog", () => {
  it("is not made where there is none: the machine would seem to be watched", () => {
    const device = join(folder, "watchdog");
    expect(open(device)).toThrow(/cannot open the watchdog .*watchdog: ENOENT/);
    expect(existsSync(device)).toBe(false);
  });

  it("is no ordinary file and no folder", () => {
    const file = join(folder, "file");
    writeFileSync(file, "as it was");
    expect(open(file)).toThrow(`${file} is no device: a watchdog is one, as /dev/watchdog`);
    expect(open(folder)).toThrow(/is no device/);
    expect(readFileSync(file, "utf8")).toBe("as it was");
  });

  it("is fed as a device", () => {
    const watchdog = open("/dev/null")();
    watchdog.feed();
    watchdog.close();
  });
});
