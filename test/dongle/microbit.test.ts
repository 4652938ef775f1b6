import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock, systemRandom } from "../../src/node/index.ts";
import { installFirmware } from "../../src/node/dongle/install.ts";
import { donglePlace } from "../../src/node/dongle/place.ts";
import { findProgram, have } from "../support/external.ts";

const image = "/usr/share/firmware-microbit-micropython/firmware.hex";

/** Starts a micro:bit with its real firmware, and says at which port it is. */
async function startMicrobit() {
  const words = ["-M", "microbit", "-display", "none", "-serial", "pty", "-monitor", "none"];
  const child = spawn(findProgram("qemu-system-arm") ?? "", [...words, "-device", `loader,file=${image}`]);
  let output = "";
  while (!/redirected to (\S+)/.test(output)) {
    const [bytes] = (await once(child.stdout, "data")) as [Buffer];
    output += bytes.toString();
  }
  const [, path = ""] = /redirected to (\S+)/.exec(output) ?? [];
  return {
    path,
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}

describe.runIf(have("qemu-system-arm") && existsSync(image))("a micro:bit in an emulator (real)", () => {
  it("is told from a board with ESP-NOW by its own MicroPython", async () => {
    await using microbit = await startMicrobit();
    const place = donglePlace(`serial:${microbit.path}`);
    const installing = installFirmware({ place, clock: systemClock, random: systemRandom });
    await expect(installing).rejects.toMatchObject({
      code: "dongle/no-espnow",
      message:
        "MicroPython 1.9.2 on microbit has no ESP-NOW: it takes an ESP32, S2, S3, C3 or C6 with MicroPython 1.21 or later",
    });
  });
});
