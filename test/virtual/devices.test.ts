import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import {
  createClimateModel,
  createLightModel,
  SimulatedOutput,
  SimulatedSensor,
  Ssd1306Chip,
  VirtualClock,
} from "../../src/virtual/index.ts";
import { testClimateSensor } from "../support/climate-sensor-conformance.ts";
import { testDisplay } from "../support/display-conformance.ts";
import { testOutput } from "../support/output-conformance.ts";

testClimateSensor("simulated", () => {
  const sensor = new SimulatedSensor(() => ({
    thermometer: { temperature: 24.1 },
    hygrometer: { humidity: 0.265 },
  }));
  return {
    sensor,
    unplug: () => void (sensor.mood = "unplugged"),
    plug: () => void (sensor.mood = "well"),
  };
});

testOutput("simulated", () => {
  const output = new SimulatedOutput();
  return {
    output,
    level: () => output.value,
    unplug: () => void (output.plugged = false),
    plug: () => void (output.plugged = true),
  };
});

testDisplay(
  "a simulated bus",
  () => {
    const chip = new Ssd1306Chip();
    return { i2c: chip, chip, unplug: () => chip.unplug(), plug: () => chip.plug() };
  },
  { rounds: 300 },
);

describe("Ssd1306Chip", () => {
  it("shows chance until its memory is written, and nothing while it is off", async () => {
    const chip = new Ssd1306Chip();
    expect(chip.picture.bytes.some((byte) => byte !== 0)).toBe(false);
    await chip.write([Uint8Array.of(0x00, 0x8d, 0x14, 0xaf)]);
    expect(chip.picture.bytes.some((byte) => byte !== 0)).toBe(true);
  });

  it("stays dark without its charge pump", async () => {
    const chip = new Ssd1306Chip();
    await chip.write([Uint8Array.of(0x00, 0xaf)]);
    expect(chip.isOn).toBe(false);
  });

  it("takes a control byte for each command, page addressing and the other way up", async () => {
    const chip = new Ssd1306Chip();
    const commands = [0x8d, 0x14, 0xaf, 0xb1, 0x05, 0x10].flatMap((command) => [0x80, command]);
    const blank = Array.from({ length: 8 }, (_page, page) => [
      Uint8Array.of(0x00, 0xb0 + page, 0x00, 0x10),
      Uint8Array.of(0x40, ...new Uint8Array(128)),
    ]).flat();
    await chip.write([...blank, Uint8Array.from(commands), Uint8Array.of(0xc0, 0x01)]);
    const { picture } = chip;
    // Neither mirrored nor flipped by command: columns and rows count from the far corner.
    const lit = [...picture.bytes.entries()].filter(([, byte]) => byte !== 0);
    expect(lit).toEqual([[6 * 128 + 122, 0x80]]);
    await chip.write([Uint8Array.of(0x00, 0xa7)]);
    expect(chip.picture.bytes[0]).toBe(0xff);
    await chip.write([Uint8Array.of(0x00, 0xa6, 0xa5)]);
    expect(chip.picture.bytes.every((byte) => byte === 0xff)).toBe(true);
  });

  it("counts what is no command, and lives on whatever bytes come", async () => {
    const chip = new Ssd1306Chip();
    await chip.write([Uint8Array.of(0x00, 0xff)]);
    expect(chip.unknownCommands).toBe(1);
    const random = createSeededRandom(7);
    for (let message = 0; message < 2000; message++) {
      const bytes = Uint8Array.from({ length: Math.floor(random.next() * 40) }, () => random.next() * 256);
      await chip.write([bytes]);
      expect(chip.picture.width).toBe(128);
    }
  });
});

describe("the models", () => {
  it("give what a room can be, the same for a seed", async () => {
    const clock = new VirtualClock();
    const create = () => createClimateModel({ clock, random: createSeededRandom(3) });
    const [one, two] = [create(), create()];
    const light = createLightModel({ clock, random: createSeededRandom(3) });
    for (let hour = 0; hour < 48; hour++) {
      const { thermometer, hygrometer } = one();
      expect({ thermometer, hygrometer }).toEqual(two());
      expect(thermometer.temperature).toBeGreaterThan(15);
      expect(thermometer.temperature).toBeLessThan(30);
      expect(hygrometer.humidity).toBeGreaterThan(0.2);
      expect(hygrometer.humidity).toBeLessThan(0.6);
      expect(light().illuminance).toBeGreaterThanOrEqual(5);
      await clock.advance(3_600_000);
    }
  });
});
