import type { ClimateSample, LightSample, Sensor, TemperatureSample } from "../../device/index.ts";
import { IioDevice, type IioOptions } from "./iio-device.ts";

/** A thermometer of the kernel's. */
export function openIioTemperature(options: IioOptions = {}): Sensor<TemperatureSample> {
  return toSensor(["temp"], options, ([temperature = Number.NaN]) => ({ temperature: temperature / 1000 }));
}

/** A DHT22, DHT11, BME280 or another sensor of temperature and humidity that a driver of the kernel reads. */
export function openIioClimate(options: IioOptions = {}): Sensor<ClimateSample> {
  return toSensor(
    ["temp", "humidityrelative"],
    options,
    ([temperature = Number.NaN, humidity = Number.NaN]) => ({
      thermometer: { temperature: temperature / 1000 },
      hygrometer: { humidity: humidity / 100_000 },
    }),
  );
}

/** A light sensor of the kernel's. */
export function openIioLight(options: IioOptions = {}): Sensor<LightSample> {
  return toSensor(["illuminance"], options, ([illuminance = Number.NaN]) => ({ illuminance }));
}

function toSensor<Sample>(
  channels: readonly string[],
  options: IioOptions,
  toSample: (values: readonly number[]) => Sample,
): Sensor<Sample> {
  const device = new IioDevice(channels, options);
  return {
    sample: async () => toSample(await device.read()),
    close: () => device.close(),
  };
}
