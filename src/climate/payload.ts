import type { ClimateSample } from "../device/index.ts";
import type { SensorEvent } from "../flow/index.ts";
import type { ClimateSettings } from "./options.ts";

/** A reading as it is published; the text is the seed's, `t=24.1C, h=26.5%.` */
export function formatReading(
  { time, value }: SensorEvent<ClimateSample>,
  format: ClimateSettings["format"],
): string {
  const { temperature } = value.thermometer;
  const percent = value.hygrometer.humidity * 100;
  if (format === "text") return `t=${temperature.toFixed(1)}C, h=${percent.toFixed(1)}%.`;
  // Tenths, as the sensor gives them: 0.265 * 100 is not 26.5 in binary.
  return JSON.stringify({ time, temperature, humidity: Math.round(percent * 10) / 10 });
}

/** What no sensor of a room can measure is a fault of its wiring. */
export function checkClimate({ thermometer, hygrometer }: ClimateSample): string | undefined {
  if (thermometer.temperature < -60 || thermometer.temperature > 125) {
    return `a temperature of ${thermometer.temperature} °C`;
  }
  const { humidity } = hygrometer;
  return humidity < 0 || humidity > 1 ? `a humidity of ${humidity * 100} %` : undefined;
}
