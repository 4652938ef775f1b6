import type { Clock, RandomBytes, Timer } from "../base/index.ts";
import type { MacAddress } from "../device/index.ts";
import { createJoinCode, openJoinSecret, secretOfCode } from "../wire/index.ts";
import { ClockSteps } from "./clock-steps.ts";
import type { Events } from "./events.ts";
import type { Journal } from "./journal.ts";
import type { JoinSecret, JoinTerms } from "./native/index.ts";

/** The name under which the store keeps provisioning codes. */
const codesSetting = "join-codes";
/** How many provisioning codes may be open at once. */
export const maximumCodes = 100;

/** How long after it was offered a node may use its key for the first time, in milliseconds. */
const firstUseMs = 600_000;

/** A provisioning code that nobody has used yet. */
interface Code {
  readonly code: string;
  /** The only node that may use it; `undefined`: any. */
  readonly address?: MacAddress | undefined;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Window {
  /** The code of this window; `undefined`: whoever asks may join. */
  readonly code: string | undefined;
  readonly classic: boolean;
  /** In milliseconds since 1970. */
  readonly until: number;
  readonly timer: Timer;
}

/** What joining stands on. */
export interface JoiningOptions {
  readonly clock: Clock;
  /** For codes. Left out, no native node can join. */
  readonly randomBytes: RandomBytes | undefined;
  readonly journal: Journal;
  readonly events: Events;
}

/**
 * When nodes may join: never, unless a window was opened for a time, or a provisioning code was made that a node then knows.
 * Codes outlive a restart, windows do not.
 */
export class Joining {
  readonly #options: JoiningOptions;
  #window: Window | undefined;
  #codes: readonly Code[] = [];
  /** Those that were made since the start: the others go by the wall clock of then. */
  readonly #made = new Set<string>();
  readonly #steps: ClockSteps;

  constructor(options: JoiningOptions) {
    this.#options = options;
    this.#steps = new ClockSteps(options.clock);
  }

  /** Remembers the codes of before a restart. */
  restore(settings: ReadonlyMap<string, string>): void {
    this.#codes = JSON.parse(settings.get(codesSetting) ?? "[]") as readonly Code[];
  }

  /** Until when a window is open, in milliseconds since 1970; `undefined`: none is. */
  get openUntil(): number | undefined {
    return this.#window?.until;
  }

  /** Whether unknown classic nodes are taken at present. */
  get takesClassic(): boolean {
    return this.#window?.classic ?? false;
  }

  /** Opens a window, in place of one that is open; gives its code. */
  open(
    seconds: number,
    { code, classic }: { code: boolean; classic: boolean },
  ): { until: number; code: string | undefined } {
    const { clock, randomBytes, events } = this.#options;
    this.#window?.timer.cancel();
    const until = clock.now() + seconds * 1000;
    const made = code && randomBytes ? createJoinCode(randomBytes) : undefined;
    const timer = clock.setTimer(seconds * 1000, () => this.close());
    this.#window = { code: made, classic, until, timer };
    events.tell({ type: "join_window", open: true });
    return { until, code: made };
  }

  /** Closes the window; `false` if none is open. */
  close(): boolean {
    if (!this.#window) return false;
    this.#window.timer.cancel();
    this.#window = undefined;
    this.#options.events.tell({ type: "join_window", open: false });
    return true;
  }

  /** Makes a code with which one node can join at any time until it expires; `undefined` if there are too many. */
  createCode(seconds: number, address?: MacAddress): { code: string; expiresAt: number } | undefined {
    const { clock, randomBytes } = this.#options;
    this.#forgetExpired();
    if (!randomBytes || this.#codes.length >= maximumCodes) return undefined;
    const made = { code: createJoinCode(randomBytes), expiresAt: clock.now() + seconds * 1000 };
    this.#made.add(made.code);
    this.#keep([...this.#codes, { ...made, address }]);
    return made;
  }

  /** Makes all codes worthless that nobody has used; gives how many there were. */
  revokeCodes(): number {
    this.#forgetExpired();
    const count = this.#codes.length;
    this.#keep([]);
    return count;
  }

  /** The secrets with one of which a node may join now; none if it may not at all. */
  secretsFor(address: MacAddress): readonly JoinSecret[] {
    this.#forgetExpired();
    const until = this.#options.clock.now() + firstUseMs;
    const own = this.#codesFor(address).map((code) => ({ secret: secretOfCode(code), code, until }));
    const isOpen = this.#window && this.#window.code === undefined;
    return isOpen ? [...own, { secret: openJoinSecret, code: undefined, until }] : own;
  }

  /** Whether a node may use a key for the first time that it was offered on these terms: its code may have gone to another since. */
  allows(address: MacAddress, { code, until }: JoinTerms): boolean {
    this.#forgetExpired();
    if (this.#options.clock.now() >= until) return false;
    return code === undefined || this.#codesFor(address).includes(code);
  }

  /** A node has joined on these terms: its code is worth nothing any more. */
  used({ code: used }: JoinTerms): void {
    if (this.#codes.some(({ code }) => code === used)) {
      this.#keep(this.#codes.filter(({ code }) => code !== used));
    }
  }

  /** Ends the window's timer. */
  end(): void {
    this.#window?.timer.cancel();
    this.#window = undefined;
  }

  #codesFor(address: MacAddress): string[] {
    const own = this.#codes.filter((one) => one.address === undefined || one.address === address);
    const codes = own.map(({ code }) => code);
    return this.#window?.code === undefined ? codes : [...codes, this.#window.code];
  }

  #forgetExpired(): void {
    const byMs = this.#steps.take();
    if (byMs !== 0 && this.#made.size > 0) {
      const moved = (one: Code) => ({ ...one, expiresAt: one.expiresAt + byMs });
      this.#keep(this.#codes.map((one) => (this.#made.has(one.code) ? moved(one) : one)));
    }
    const now = this.#options.clock.now();
    if (this.#codes.some(({ expiresAt }) => expiresAt <= now)) {
      this.#keep(this.#codes.filter(({ expiresAt }) => expiresAt > now));
    }
  }

  #keep(codes: readonly Code[]): void {
    this.#codes = codes;
    for (const code of this.#made) if (!codes.some((one) => one.code === code)) this.#made.delete(code);
    const value = codes.length > 0 ? JSON.stringify(codes) : undefined;
    this.#options.journal.add({ type: "setting", name: codesSetting, value });
  }
}
