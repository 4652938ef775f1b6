/**
 * Something that measures, in the manner of ECMA-419's sensors: each call of `sample` gives a new object whose
 * properties are named after what was measured, in fixed units.
 */
export interface Sensor<Sample> {
  /**
   * Measures once. Gives `undefined` where there is nothing new to tell.
   *
   * @throws what stands in the way, as `device/no-answer` for a sensor that was pulled off; a later call may succeed
   */
  sample(): Sample | undefined | Promise<Sample | undefined>;
  /** Lets go of what it holds. Closing twice does nothing. */
  close(): void | Promise<void>;
}

/** What a thermometer measures. */
export interface TemperatureSample {
  /** In degrees Celsius. */
  readonly temperature: number;
}

/** What a hygrometer measures. */
export interface HumiditySample {
  /** Relative, 0 … 1. */
  readonly humidity: number;
}

/** What a sensor of both gives, as the DHT22 and its kin: one object for each of its parts. */
export interface ClimateSample {
  readonly thermometer: TemperatureSample;
  readonly hygrometer: HumiditySample;
}

/** What a light sensor measures. */
export interface LightSample {
  /** In lux, 0 or more. */
  readonly illuminance: number;
}
