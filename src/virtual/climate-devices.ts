import type { Clock, Random } from "../base/index.ts";
import { type ClimateSample, Ssd1306Display } from "../device/index.ts";
import { createClimateModel, SimulatedOutput, SimulatedSensor } from "./devices.ts";
import { Ssd1306Chip } from "./ssd1306-chip.ts";

/** The devices of the climate board, simulated: each can be pulled off and put back. */
export interface ClimateDevices {
  readonly sensor: SimulatedSensor<ClimateSample>;
  readonly led: SimulatedOutput;
  /** What the display's driver speaks to. */
  readonly chip: Ssd1306Chip;
  readonly display: Ssd1306Display;
}

/** Makes a DHT22, an LED and an SSD1306 of 128 × 64 dots. */
export function createClimateDevices(services: { clock: Clock; random: Random }): ClimateDevices {
  const chip = new Ssd1306Chip();
  return {
    sensor: new SimulatedSensor(createClimateModel(services)),
    led: new SimulatedOutput(),
    chip,
    display: new Ssd1306Display({ i2c: chip }),
  };
}
