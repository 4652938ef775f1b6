import { describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import type { Canvas } from "../../src/device/index.ts";
import { deviceErrors, type I2cDevice, Ssd1306Display } from "../../src/device/index.ts";
import type { Ssd1306Chip } from "../../src/virtual/index.ts";

/** An I2C bus with an SSD1306 at its other end. */
export interface DisplayBench {
  readonly i2c: I2cDevice;
  readonly chip: Ssd1306Chip;
  readonly unplug: () => void;
  readonly plug: () => void;
}

/** What a display on any I2C bus does. */
export function testDisplay(
  name: string,
  create: () => DisplayBench,
  options: { readonly rounds: number },
): void {
  describe(`an SSD1306 on ${name}`, () => {
    it.each([64, 32] as const)("shows what was drawn, however it changes, on %i rows", async (height) => {
      const { i2c, chip } = create();
      const display = new Ssd1306Display({ i2c, height });
      onTestFinished(() => display.close());
      const seed = Date.now() & 0xffff;
      const random = createSeededRandom(seed);
      for (let round = 0; round < options.rounds; round++) {
        scribble(display.canvas, () => random.next());
        await display.show();
        expect(chip.picture.bytes, `seed ${seed}, round ${round}`).toEqual(display.canvas.bytes);
      }
      expect(chip.isOn).toBe(true);
      expect(chip.unknownCommands).toBe(0);
    });

    it("sends only what has changed", async () => {
      const { i2c, chip } = create();
      const display = new Ssd1306Display({ i2c });
      onTestFinished(() => display.close());
      await display.show();
      const all = chip.messages;
      display.canvas.text(10, 20, "5");
      await display.show();
      await display.show();
      // Two pages have changed: a window and its data for each.
      expect(chip.messages - all).toBe(4);
    });

    it("tells that the display is gone, and sets it up anew when it is back", async () => {
      const { i2c, chip, unplug, plug } = create();
      const display = new Ssd1306Display({ i2c });
      onTestFinished(() => display.close());
      display.canvas.text(0, 0, "here", { size: 2 });
      await display.show();
      unplug();
      display.canvas.text(0, 30, "still here");
      await expect(display.show()).rejects.toSatisfy((error) => deviceErrors.is(error, "device/no-answer"));
      plug();
      expect(chip.isOn).toBe(false);
      await display.show();
      expect(chip.isOn).toBe(true);
      expect(chip.picture.bytes).toEqual(display.canvas.bytes);
    });

    it("comes back by itself when it was without power between two pictures", async () => {
      const { i2c, chip, unplug, plug } = create();
      const display = new Ssd1306Display({ i2c });
      onTestFinished(() => display.close());
      await display.show();
      unplug();
      plug();
      for (let picture = 0; picture < 8; picture++) await display.show();
      expect(chip.isOn).toBe(true);
      expect(chip.picture.bytes).toEqual(display.canvas.bytes);
    });

    it("is dark when it was closed, and is not used any more", async () => {
      const { i2c, chip } = create();
      const display = new Ssd1306Display({ i2c });
      await display.show();
      await display.close();
      await display.close();
      expect(chip.isOn).toBe(false);
      await expect(display.show()).rejects.toSatisfy((error) => deviceErrors.is(error, "device/closed"));
    });
  });
}

function scribble(canvas: Canvas, random: () => number): void {
  const source = { next: random };
  const x = () => randomInteger(source, -5, canvas.width + 5);
  const y = () => randomInteger(source, -5, canvas.height + 5);
  if (random() < 0.1) canvas.clear();
  for (let stroke = randomInteger(source, 0, 3); stroke > 0; stroke--) {
    if (random() < 0.5) canvas.line(x(), y(), x(), y(), random() < 0.8);
    else canvas.text(x(), y(), "24.1°C", { size: random() < 0.5 ? 1 : 2, inverted: random() < 0.3 });
  }
}
