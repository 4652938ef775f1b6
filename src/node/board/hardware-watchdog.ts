import { closeSync, openSync, writeSync } from "node:fs";
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
    try {
      this.#file = openSync(device, "w");
    } catch (cause) {
      throw supervisorErrors.create(
        "node/watchdog-device",
        `cannot open the watchdog ${device}: ${messageOf(cause)}`,
        { cause },
      );
    }
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
