import { closeSync, constants, openSync, statSync, writeSync } from "node:fs";
import { messageOf } from "../../base/index.ts";
import { supervisorErrors } from "./supervisor-errors.ts";

/** A hardware watchdog, as `/dev/watchdog`: a machine that does not write to it in time is started again. */
export class HardwareWatchdog {
  readonly #file: number;
  readonly #print: (text: string) => void;
  #failed = false;

  /** @throws `node/watchdog-device` */
  constructor(device: string, print: (text: string) => void) {
    this.#print = print;
    this.#file = openDevice(device);
  }

  feed(): void {
    this.#write(".");
  }

  /** Ends it: the machine goes on without being watched. */
  close(): void {
    this.#write("V");
    closeSync(this.#file);
  }

  /** That it does not take a feed is said once; the supervisor goes on, and it is the watchdog that decides. */
  #write(text: string): void {
    try {
      writeSync(this.#file, text);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#print(`moteq: the hardware watchdog cannot be fed: ${messageOf(error)}\n`);
      this.#failed = true;
    }
  }
}

/** Opens what is there, and only a device: a file, made or found, would take each feed and watch nothing. */
function openDevice(path: string): number {
  try {
    if (statSync(path).isCharacterDevice()) return openSync(path, constants.O_WRONLY);
  } catch (cause) {
    const text = `cannot open the watchdog ${path}: ${messageOf(cause)}`;
    throw supervisorErrors.create("node/watchdog-device", text, { cause });
  }
  throw supervisorErrors.create(
    "node/watchdog-device",
    `${path} is no device: a watchdog is one, as /dev/watchdog`,
  );
}
