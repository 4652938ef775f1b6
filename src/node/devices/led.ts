import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/index.ts";
import { deviceErrors, type DigitalOutput } from "../../device/index.ts";

/** Which LED of the kernel's LED class. */
export interface LedOptions {
  /** Its name: the folder's in `/sys/class/leds`, as `ACT` or what `dtoverlay=gpio-led,label=climate` says. */
  readonly name: string;
  /** Where the LEDs are. Default `/sys/class/leds`. */
  readonly root?: string;
}

/** An LED of the kernel's LED class, by its files. What the kernel did with it (its trigger) is ended first. */
export function openLed({ name, root = "/sys/class/leds" }: LedOptions): DigitalOutput {
  const folder = join(root, name);
  let ready = false;
  return {
    async write(value) {
      try {
        if (!ready) await writeFile(join(folder, "trigger"), "none");
        ready = true;
        const most = (await readFile(join(folder, "max_brightness"), "utf8")).trim();
        await writeFile(join(folder, "brightness"), value === 1 ? most : "0");
      } catch (error) {
        ready = false;
        throw deviceErrors.create(
          "device/no-answer",
          `the LED ${folder} cannot be switched: ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      }
    },
    close: () => Promise.resolve(),
  };
}
