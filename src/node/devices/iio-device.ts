import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, show } from "../../base/index.ts";
import { deviceErrors } from "../../device/index.ts";

/** Which sensor of the kernel's Industrial I/O subsystem, and where that is. */
export interface IioOptions {
  /** What the file `name` in its folder says, as `dht11@4`. Default: the first sensor that measures this. */
  readonly name?: string;
  /** Where the devices are. Default `/sys/bus/iio/devices`. */
  readonly root?: string;
}

/**
 * A sensor that a driver of the kernel reads (`dht11` for the DHT22, `bme280`, `tsl2563`, …), by its files. Looks for the
 * device anew after each failure: its number may change when it is plugged in again.
 */
export class IioDevice {
  readonly #name: string | undefined;
  readonly #root: string;
  readonly #channels: readonly string[];
  #folder: string | undefined;
  #closed = false;

  /** @param channels what it must measure, as `temp` and `humidityrelative` */
  constructor(channels: readonly string[], { name, root = "/sys/bus/iio/devices" }: IioOptions) {
    this.#channels = channels;
    this.#name = name;
    this.#root = root;
  }

  /** The values of all channels, in the units of the kernel's ABI: thousandths of °C and of per cent, lux. */
  async read(): Promise<number[]> {
    if (this.#closed) throw deviceErrors.create("device/closed", "the sensor has been closed");
    this.#folder ??= await this.#find();
    const folder = this.#folder;
    try {
      const values: number[] = [];
      // One after the other: a DHT22 answers one question at a time.
      for (const channel of this.#channels) values.push(await readChannel(folder, channel));
      return values;
    } catch (error) {
      this.#folder = undefined;
      if (deviceErrors.is(error)) throw error;
      throw deviceErrors.create(
        "device/no-answer",
        `the sensor at ${folder} does not answer: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #find(): Promise<string> {
    const names = await readdir(this.#root).catch((): string[] => []);
    const found: string[] = [];
    for (const folder of names.toSorted().map((name) => join(this.#root, name))) {
      const name = (await readText(join(folder, "name"))) ?? "";
      if (name !== "") found.push(name);
      if (this.#name !== undefined ? name === this.#name : await this.#measuresAll(folder)) return folder;
    }
    const wanted =
      this.#name === undefined ? `that measures ${this.#channels.join(" and ")}` : show(this.#name);
    const there = found.length > 0 ? found.join(", ") : "none";
    throw deviceErrors.create(
      "device/no-answer",
      `there is no sensor ${wanted} in ${this.#root} (there: ${there}). Is its overlay loaded, as dtoverlay=dht11,gpiopin=4?`,
    );
  }

  async #measuresAll(folder: string): Promise<boolean> {
    const files = await readdir(folder).catch((): string[] => []);
    return this.#channels.every((channel) =>
      [`in_${channel}_input`, `in_${channel}_raw`].some((file) => files.includes(file)),
    );
  }
}

/** A channel's value: computed by the driver, or else (raw + offset) × scale. */
async function readChannel(folder: string, channel: string): Promise<number> {
  const input = await readText(join(folder, `in_${channel}_input`));
  if (input !== undefined) return toNumber(input, channel);
  const raw = toNumber(await readFile(join(folder, `in_${channel}_raw`), "utf8"), channel);
  const offset = toNumber((await readText(join(folder, `in_${channel}_offset`))) ?? "0", channel);
  const scale = toNumber((await readText(join(folder, `in_${channel}_scale`))) ?? "1", channel);
  return (raw + offset) * scale;
}

/** A file's text without its line end; `undefined` if there is no such file. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function toNumber(text: string, channel: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw deviceErrors.create("device/bad-value", `the sensor gave ${show(text)} as ${channel}`);
}
