import { describe, expect, it } from "vitest";
import { deviceErrors, type DigitalOutput } from "../../src/device/index.ts";

/** An output, and what can be seen and done from outside. */
export interface OutputBench {
  readonly output: DigitalOutput;
  /** What the line was last switched to, as the hardware has it. */
  readonly level: () => 0 | 1 | undefined;
  readonly unplug: () => void;
  readonly plug: () => void;
}

/** What every digital output does. */
export function testOutput(name: string, create: () => OutputBench): void {
  describe(`a digital output: ${name}`, () => {
    it("is switched on and off", async () => {
      const { output, level } = create();
      for (const value of [1, 0, 1, 1] as const) {
        await output.write(value);
        expect(level()).toBe(value);
      }
      await output.close();
      await output.close();
    });

    it("tells when it is not there, and works when it is back", async () => {
      const { output, level, unplug, plug } = create();
      await output.write(1);
      unplug();
      await expect(output.write(0)).rejects.toSatisfy((error) => deviceErrors.is(error, "device/no-answer"));
      plug();
      await output.write(0);
      expect(level()).toBe(0);
      await output.close();
    });
  });
}
