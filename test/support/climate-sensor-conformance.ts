import { describe, expect, it } from "vitest";
import { type ClimateSample, deviceErrors, type Sensor } from "../../src/device/index.ts";

/** A sensor of 24.1 °C and 26.5 %, and what can be done to it. */
export interface ClimateSensorBench {
  readonly sensor: Sensor<ClimateSample>;
  readonly unplug: () => void;
  readonly plug: () => void;
}

/** What every sensor of temperature and humidity does. */
export function testClimateSensor(name: string, create: () => ClimateSensorBench): void {
  describe(`a climate sensor: ${name}`, () => {
    it("gives a new sample each time, in degrees Celsius and as a part of one", async () => {
      const { sensor } = create();
      const [first, second] = [await sensor.sample(), await sensor.sample()];
      expect(first).toEqual({ thermometer: { temperature: 24.1 }, hygrometer: { humidity: 0.265 } });
      expect(second).not.toBe(first);
      await sensor.close();
    });

    it("tells when it was pulled off, and measures when it is back", async () => {
      const { sensor, unplug, plug } = create();
      await sensor.sample();
      unplug();
      await expect(attempt(sensor)).rejects.toSatisfy((error) => deviceErrors.is(error, "device/no-answer"));
      await expect(attempt(sensor)).rejects.toSatisfy((error) => deviceErrors.is(error, "device/no-answer"));
      plug();
      expect(await sensor.sample()).toMatchObject({ thermometer: { temperature: 24.1 } });
    });

    it("measures nothing when it was closed", async () => {
      const { sensor } = create();
      await sensor.close();
      await sensor.close();
      await expect(attempt(sensor)).rejects.toSatisfy((error) => deviceErrors.is(error, "device/closed"));
    });
  });
}

async function attempt(sensor: Sensor<ClimateSample>): Promise<unknown> {
  return sensor.sample();
}
