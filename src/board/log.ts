import { type Clock, Ring } from "../base/index.ts";
import type { BoardLogLevel } from "../wire/index.ts";
import { LogBuffer } from "./log-buffer.ts";

/** How grave a line is; the numbers are Python's. */
export const logLevels = {
  debug: 10,
  info: 20,
  warning: 30,
  error: 40,
  critical: 50,
  none: 100,
} as const satisfies Record<BoardLogLevel, number>;
export type LogLevel = keyof typeof logLevels;
type LineLevel = Exclude<LogLevel, "none">;

/** The longest line, in characters. */
const longestLine = 1024;
/** How many of the last lines can be asked for. No text has more lines either. */
const recentLines = 1000;
/** How many lines are with the broker's client and not acknowledged. */
const mostInFlight = 16;
/** The first moment at which a clock is taken to be set: 2020-01-01. */
const clockIsSet = 1_577_836_800_000;

/** A logger of one module. */
export type Logger = Readonly<Record<LineLevel, (text: string) => void>> & {
  /** The text, and the error's stack line by line. */
  exception(error: unknown, text: string): void;
};

/** How a {@link BoardLog} is made. */
export interface BoardLogOptions {
  readonly clock: Clock;
  /** Writes a line to the console. */
  readonly write?: (line: string) => void;
  /** The lowest level that goes to the console. Default `info`. */
  readonly console?: LogLevel;
  /** The lowest level that goes to MQTT. Default `info`. */
  readonly mqtt?: LogLevel;
  /** How many characters wait for the broker at the most. Default 65,536. */
  readonly bufferSize?: number;
}

/**
 * A board's log: to the console at once, and to MQTT as soon as there is a connection. Lines wait in a bounded buffer before
 * the first connection, in outages, and where more come than the connection carries; when it is full, the oldest below warning
 * go first, then the oldest of any level.
 */
export class BoardLog {
  /** What goes to the console and to MQTT from now on. */
  readonly levels: { console: LogLevel; mqtt: LogLevel };
  readonly #options: BoardLogOptions;
  readonly #bootedAt: number;
  readonly #recent = new Ring<string>(recentLines);
  readonly #unsent: LogBuffer;
  #inFlight = 0;
  #publish: ((line: string) => Promise<void>) | undefined;

  constructor(options: BoardLogOptions) {
    this.#options = options;
    this.levels = { console: options.console ?? "info", mqtt: options.mqtt ?? "info" };
    this.#bootedAt = options.clock.monotonic();
    this.#unsent = new LogBuffer(options.bufferSize ?? 65_536);
  }

  /** How many lines wait for the broker. */
  get waiting(): number {
    return this.#unsent.length;
  }

  /** The logger of a module; its name stands in each line. */
  logger(name: string): Logger {
    const at = (level: LineLevel) => (text: string) => this.#log(level, name, text);
    const error = at("error");
    return {
      debug: at("debug"),
      info: at("info"),
      warning: at("warning"),
      error,
      critical: at("critical"),
      exception(thrown, text) {
        error(text);
        for (const line of describe(thrown).split("\n").slice(0, 30)) error(line);
      },
    };
  }

  /** The last lines, oldest first. */
  recent(count: number): string[] {
    const lines = [...this.#recent];
    return lines.slice(Math.max(0, lines.length - count));
  }

  /** From now on lines go out by `publish`; `undefined`: they wait. */
  connect(publish: ((line: string) => Promise<void>) | undefined): void {
    this.#publish = publish;
    this.#pump();
  }

  #log(level: LineLevel, name: string, text: string): void {
    const number = logLevels[level];
    const parts = text.split("\n", recentLines + 1);
    if (parts.length > recentLines) parts.splice(recentLines - 1, 2, "… the rest of this text is left out");
    for (const part of parts) {
      const line = `${level.charAt(0).toUpperCase()} ${this.#time()} ${name.padStart(8)}: ${part}`.slice(
        0,
        longestLine,
      );
      if (number >= logLevels[this.levels.console]) this.#options.write?.(line);
      if (number < logLevels[this.levels.mqtt]) continue;
      this.#recent.pushEvicting(line);
      this.#unsent.push(line, number >= logLevels.warning);
    }
    this.#pump();
  }

  #pump(): void {
    while (this.#publish && this.#inFlight < mostInFlight) {
      const line = this.#next();
      if (line === undefined) return;
      this.#inFlight++;
      const settled = () => {
        this.#inFlight--;
        this.#pump();
      };
      this.#publish(line).then(settled, settled);
    }
  }

  #next(): string | undefined {
    const { dropped } = this.#unsent;
    if (dropped === 0) return this.#unsent.shift();
    this.#unsent.dropped = 0;
    return `W ${this.#time()} ${"log".padStart(8)}: ${dropped} lines were dropped: more came than could be sent`;
  }

  /** Milliseconds since the start until the clock is set, then the time of day (UTC). */
  #time(): string {
    const now = this.#options.clock.now();
    if (now >= clockIsSet) return new Date(now).toISOString().slice(11, 23);
    return String(Math.floor(this.#options.clock.monotonic() - this.#bootedAt) % 100_000_000).padStart(8);
  }
}

const unprintable = "an object that cannot be printed";

/** An error's stack. One of the REPL's own context is no instance of this side's `Error`. Whatever was thrown, this does not throw. */
function describe(thrown: unknown): string {
  try {
    if (typeof thrown !== "object" || thrown === null) return String(thrown);
    const { stack, message } = thrown as { stack?: unknown; message?: unknown };
    if (typeof stack === "string") return stack;
    if (typeof message === "string") return message;
    // It is no text for what says that it is `undefined` in JSON.
    const text: string | undefined = JSON.stringify(thrown);
    return text ?? unprintable;
  } catch {
    return unprintable;
  }
}
