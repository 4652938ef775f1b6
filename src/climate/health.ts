import { type Clock, formatSpan } from "../base/index.ts";
import type { ClimateLog } from "./options.ts";

/** Whether one of the application's parts works; its trouble is said when it begins and when it is over. */
export class Health {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #log: ClimateLog;
  readonly #onChange: () => void;
  #trouble: string | undefined;
  #since = 0;

  constructor(name: string, clock: Clock, log: ClimateLog, onChange: () => void) {
    this.#name = name;
    this.#clock = clock;
    this.#log = log;
    this.#onChange = onChange;
  }

  get isGood(): boolean {
    return this.#trouble === undefined;
  }

  /** `ok`, or what is wrong. */
  get text(): string {
    return this.#trouble ?? "ok";
  }

  bad(what: string): void {
    if (this.#trouble !== undefined) return;
    this.#trouble = what;
    this.#since = this.#clock.monotonic();
    this.#log("warn", `${this.#name} does not work: ${what}`);
    this.#onChange();
  }

  good(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log("info", `${this.#name} works again after ${formatSpan(this.#clock.monotonic() - this.#since)}`);
    this.#onChange();
  }
}
