import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { HubConfig } from "./config-schema.ts";

/** Where the hub writes what happens. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** A log on the error stream: lines for people, or JSON for programs. */
export function createLog({ level, format }: HubConfig["log"]): Log {
  if (format === "json") return pino({ level }, pino.destination({ dest: 2, sync: true }));
  return pino(
    { level },
    pretty({
      destination: 2,
      sync: true,
      colorize: process.stderr.isTTY,
      translateTime: "SYS:HH:MM:ss",
      ignore: "pid,hostname",
    }),
  );
}
