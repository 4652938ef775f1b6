import type { Clock } from "../base/index.ts";
import type { MqttClient } from "../mqtt/index.ts";
import type { BoardLog, Logger } from "./log.ts";

/** A module's view of the board that it runs on. */
export interface Board {
  readonly name: string;
  /** What its topics begin with, as `greenhouse`. */
  readonly prefix: string;
  readonly mode: "normal" | "safe";
  /** The one connection of the board. */
  readonly client: MqttClient;
  readonly clock: Clock;
  /** A logger of this name: to the console and to MQTT. */
  log(name: string): Logger;
}

/** What a board can be told to run. */
export interface BoardModule {
  /** Starts it with its part of the configuration. */
  start(board: Board, config: unknown): void | Promise<void>;
}

/** How long one module may take to load and start before the next one is begun, in milliseconds. */
const startLimitMs = 10_000;

/** What is loaded, and how. */
export interface LoadOptions {
  readonly board: Board;
  readonly log: BoardLog;
  /** Modules by name, each with its configuration, in the order in which they start. */
  readonly modules: Readonly<Record<string, unknown>>;
  /** Those that also start in safe mode. */
  readonly safeModules: readonly string[];
  /** Brings a module. */
  readonly load: (name: string) => Promise<BoardModule>;
}

/**
 * Starts the modules of a board, one after the other. One that fails is logged and does not stop the others, and nor does
 * one that takes too long: its file may wait for something that never comes, or what `start` gives back may.
 */
export async function loadModules({ board, log, modules, safeModules, load }: LoadOptions): Promise<void> {
  const logger = log.logger("loader");
  for (const [name, config] of Object.entries(modules)) {
    if (board.mode === "safe" && !safeModules.includes(name)) {
      logger.info(`${name} is left out in safe mode`);
      continue;
    }
    await startModule(name, async () => await (await load(name)).start(board, config), board.clock, logger);
  }
}

/** Resolves when it has started, or failed to, or is late. */
function startModule(name: string, start: () => Promise<void>, clock: Clock, logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let afterAll = "";
    const timer = clock.setTimer(startLimitMs, () => {
      afterAll = " after all";
      const limit = `${startLimitMs / 1000} s`;
      logger.warning(`${name} has not started within ${limit}; going on without waiting for it`);
      resolve();
    });
    start()
      .then(
        () => logger.info(`${name} has started${afterAll}`),
        (error: unknown) => logger.exception(error, `${name} did not start${afterAll}`),
      )
      .finally(() => {
        timer.cancel();
        resolve();
      });
  });
}
