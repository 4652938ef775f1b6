import type { Clock, Random } from "../base/index.ts";
import {
  type ClimateSample,
  deviceErrors,
  type DigitalOutput,
  type LightSample,
  type Sensor,
} from "../device/index.ts";

/** How a simulated sensor behaves: as it should, silent as one that was pulled off, or never answering at all. */
export type SensorMood = "well" | "unplugged" | "hanging";

/** A sensor whose readings come from a model, and that can be pulled off or made to hang. */
export class SimulatedSensor<Sample> implements Sensor<Sample> {
  /** Readings that it gave. */
  samples = 0;
  readonly #measure: () => Sample;
  readonly #hanging: ((error: Error) => void)[] = [];
  #mood: SensorMood = "well";
  #closed = false;

  constructor(measure: () => Sample) {
    this.#measure = measure;
  }

  get mood(): SensorMood {
    return this.#mood;
  }

  /** What hangs fails when it hangs no longer. */
  set mood(mood: SensorMood) {
    this.#mood = mood;
    if (mood === "hanging") return;
    const error = deviceErrors.create("device/no-answer", "the sensor was reset");
    for (const reject of this.#hanging.splice(0)) reject(error);
  }

  sample(): Promise<Sample> {
    if (this.#closed) {
      return Promise.reject(deviceErrors.create("device/closed", "the sensor has been closed"));
    }
    if (this.mood === "hanging") return new Promise((_resolve, reject) => this.#hanging.push(reject));
    if (this.mood === "unplugged") {
      return Promise.reject(deviceErrors.create("device/no-answer", "the sensor does not answer"));
    }
    this.samples++;
    return Promise.resolve(this.#measure());
  }

  close(): void {
    this.#closed = true;
  }
}

/** The temperature and humidity of a room: a day's swing, and a little chance. As fine as a DHT22 tells. */
export function createClimateModel(services: { clock: Clock; random: Random }): () => ClimateSample {
  const { clock, random } = services;
  return () => {
    const day = Math.sin((clock.now() / 86_400_000) * 2 * Math.PI);
    const temperature = roundTo(22 + 3 * day + random.next() * 0.4, 10);
    const humidity = roundTo(0.4 - 0.12 * day + random.next() * 0.01, 1000);
    return { thermometer: { temperature }, hygrometer: { humidity } };
  };
}

/** The light at a window: day and night, and clouds. */
export function createLightModel(services: { clock: Clock; random: Random }): () => LightSample {
  const { clock, random } = services;
  return () => {
    const sun = Math.max(0, Math.sin((clock.now() / 86_400_000 - 0.25) * 2 * Math.PI));
    return { illuminance: roundTo(5 + sun * 800 * (0.7 + random.next() * 0.3), 10) };
  };
}

/** An LED, or anything else that is switched, that remembers. */
export class SimulatedOutput implements DigitalOutput {
  value: 0 | 1 = 0;
  /** How often it was switched. */
  writes = 0;
  plugged = true;

  write(value: 0 | 1): Promise<void> {
    if (!this.plugged) return Promise.reject(deviceErrors.create("device/no-answer", "the LED is not there"));
    this.value = value;
    this.writes++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function roundTo(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
