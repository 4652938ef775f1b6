import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { I2cDevice } from "../../../src/device/index.ts";
import {
  openGpioOutput,
  openI2c,
  openIioClimate,
  openIioLight,
  openIioTemperature,
  openLed,
} from "../../../src/node/index.ts";
import { Ssd1306Chip } from "../../../src/virtual/index.ts";
import { testClimateSensor } from "../../support/climate-sensor-conformance.ts";
import { testDisplay } from "../../support/display-conformance.ts";
import { testOutput } from "../../support/output-conformance.ts";
import { createStandIn, type StandIn } from "../../support/stand-in.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-sysfs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function standIn(body?: string): StandIn {
  const tool = createStandIn(body);
  onTestFinished(() => tool[Symbol.dispose]());
  return tool;
}

/** Lays a device out as the kernel does. */
function layOut(root: string, folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, folder, name), `${text}\n`);
}

const dht22 = { name: "dht11@4", in_temp_input: "24100", in_humidityrelative_input: "26500" };

testClimateSensor("the kernel's, by its files (real)", () => {
  const root = makeFolder();
  layOut(root, "iio:device0", dht22);
  return {
    sensor: openIioClimate({ root }),
    unplug: () => rmSync(join(root, "iio:device0"), { recursive: true }),
    // Plugged in again it may have another number.
    plug: () => layOut(root, "iio:device3", dht22),
  };
});

testOutput("an LED of the kernel's (real)", () => {
  const root = makeFolder();
  layOut(root, "climate", { trigger: "heartbeat", max_brightness: "255", brightness: "0" });
  const read = (file: string) => readFileSync(join(root, "climate", file), "utf8").trim();
  return {
    output: openLed({ name: "climate", root }),
    level() {
      expect(read("trigger")).toBe("none");
      return read("brightness") === "255" ? 1 : 0;
    },
    unplug: () => renameSync(join(root, "climate"), join(root, "gone")),
    plug: () => renameSync(join(root, "gone"), join(root, "climate")),
  };
});

describe.each([
  ["1.6", "gpioset (libgpiod) v1.6.3", ["--mode=signal", "gpiochip0", "17=1"]],
  ["2.1", "gpioset (libgpiod) v2.1.3", ["--chip", "gpiochip0", "17=1"]],
])("gpioset %s", (_version, says, words) => {
  const body = `if [ "$1" = --version ]; then echo "${says}"; exit 0; fi\nexec sleep 600`;

  testOutput("a line of a GPIO chip (real)", () => {
    const tool = standIn(body);
    return {
      output: openGpioOutput({ chip: "gpiochip0", line: 17, tool: tool.path }),
      level: () => (tool.calls.at(-1)?.at(-1) === "17=1" ? 1 : 0),
      unplug: () => tool.failWith("gpioset: cannot find GPIO chip character device 'gpiochip0'"),
      plug: () => tool.failWith(undefined),
    };
  });

  it("is called as this version wants it, and let go in the end (real)", async () => {
    const tool = standIn(body);
    const output = openGpioOutput({ chip: "gpiochip0", line: 17, tool: tool.path });
    await output.write(1);
    await output.close();
    expect(tool.calls).toEqual([["--version"], words]);
  });
});

/** A display behind `i2ctransfer`: what that was called with is given to the chip as the bytes it stands for. */
function openTransferBench() {
  const tool = standIn();
  const chip = new Ssd1306Chip();
  const i2c = openI2c({ bus: 1, address: 0x3c, tool: tool.path });
  let passed = 0;
  const passing: I2cDevice = {
    async write(messages) {
      await i2c.write(messages);
      for (const call of tool.calls.slice(passed)) await chip.write(bytesOf(call));
      passed = tool.calls.length;
    },
    close: () => i2c.close(),
  };
  return {
    i2c: passing,
    chip,
    unplug() {
      chip.unplug();
      tool.failWith("Error: Sending messages failed: Remote I/O error");
    },
    plug() {
      chip.plug();
      tool.failWith(undefined);
      passed = tool.calls.length;
    },
  };
}

/** Reads a call as i2ctransfer's manual describes it. */
function bytesOf([yes, bus, ...words]: readonly string[]): Uint8Array[] {
  expect([yes, bus]).toEqual(["-y", "1"]);
  const messages: Uint8Array[] = [];
  while (words.length > 0) {
    const [, length] = /^w(\d+)@0x3c$/.exec(words.shift() ?? "") ?? [];
    messages.push(Uint8Array.from(words.splice(0, Number(length)), Number));
  }
  expect(messages.length).toBeLessThanOrEqual(42);
  return messages;
}

testDisplay("Linux's bus, by i2ctransfer (real)", openTransferBench, { rounds: 12 });

describe("what is not there (real)", () => {
  it("is named, with what is", async () => {
    const root = makeFolder();
    layOut(root, "iio:device0", { name: "bh1750", in_illuminance_raw: "100", in_illuminance_scale: "0.5" });
    await expect(openIioClimate({ root }).sample()).rejects.toThrow(
      /no sensor that measures temp and humidityrelative in .* \(there: bh1750\)\. Is its overlay loaded/,
    );
    await expect(openIioLight({ root, name: "tsl2563" }).sample()).rejects.toThrow(/no sensor "tsl2563"/);
    await expect(openIioTemperature({ root: join(root, "none") }).sample()).rejects.toThrow(
      /\(there: none\)/,
    );
    expect(await openIioLight({ root }).sample()).toEqual({ illuminance: 50 });
  });

  it("is said of a tool with the package that brings it", async () => {
    await expect(
      openI2c({ bus: 1, address: 0x3c, tool: "/nowhere/i2ctransfer" }).write([]),
    ).resolves.toBeUndefined();
    await expect(
      openI2c({ bus: 1, address: 0x3c, tool: "/nowhere/i2ctransfer" }).write([Uint8Array.of(0)]),
    ).rejects.toThrow(/there is no \/nowhere\/i2ctransfer: install Debian's package i2c-tools/);
  });

  it("is refused when it cannot be", () => {
    expect(() => openI2c({ bus: 1, address: 0x90 })).toThrow(/an address from 0x03 to 0x77/);
    expect(() => openGpioOutput({ chip: "a b", line: 1 })).toThrow(/a chip like gpiochip0/);
  });
});

describe("a sensor's files (real)", () => {
  it("are raw values with offset and scale where the driver does not compute", async () => {
    const root = makeFolder();
    layOut(root, "iio:device0", {
      name: "si7020",
      in_temp_raw: "7000",
      in_temp_offset: "-4368",
      in_temp_scale: "10.725",
    });
    const { temperature } = (await openIioTemperature({ root, name: "si7020" }).sample()) ?? {};
    expect(temperature).toBeCloseTo(28.2282, 4);
  });

  it("may hold nonsense, which is a fault and no reading", async () => {
    const root = makeFolder();
    layOut(root, "iio:device0", { ...dht22, in_temp_input: "" });
    const sensor = openIioClimate({ root });
    await expect(sensor.sample()).rejects.toThrow(/the sensor gave "" as temp/);
    layOut(root, "iio:device0", dht22);
    expect(await sensor.sample()).toMatchObject({ thermometer: { temperature: 24.1 } });
    expect(existsSync(root)).toBe(true);
  });
});
