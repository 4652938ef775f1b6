import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { defineErrors, fromHex, messageOf } from "../../base/index.ts";
import {
  type Board,
  BoardAgent,
  BoardLog,
  type BoardModule,
  createBoardWill,
  loadModules,
  UncaughtErrors,
} from "../../board/index.ts";
import { toBoardBase } from "../../wire/index.ts";
import { boundOutput } from "../bounded-output.ts";
import { systemClock } from "../clock.ts";
import { systemCryptography } from "../cryptography.ts";
import { connect } from "../mqtt.ts";
import { sayStatus } from "../say-status.ts";
import { FolderCrashStore } from "./crashes.ts";
import { NodeBoardFiles } from "./files.ts";
import type { LineChannel } from "./line-channel.ts";
import type { BoardConfig, StartMessage, ToAgent, ToSupervisor } from "./protocol.ts";
import { VmRepl } from "./repl.ts";
import { ImageSlots } from "./slots.ts";
import { openSupervisorChannel } from "./supervisor-channel.ts";
import { SupervisorLink } from "./supervisor-link.ts";

/** The errors of an agent's process; `docs/reference/errors.md` explains them. */
export const agentErrors = defineErrors({
  "node/no-supervisor": {
    fault: "caller",
    meaning: "An agent was started by itself. It is the supervisor that starts it: `moteq board run`.",
  },
  "node/no-module": {
    fault: "caller",
    meaning:
      "A module that the board's configuration names exports no `start(board, config)`, or cannot be loaded.",
  },
});

/** How an agent is run. */
export interface RunAgentOptions {
  /** Modules that the image brings, by the names under which the configuration may set them; all of them start. */
  readonly modules?: Readonly<Record<string, BoardModule>>;
}

/**
 * Runs a board's agent in a process that a supervisor has started. It is what an image calls:
 *
 * @example
 * import { runAgent } from "moteq/node";
 * import * as blink from "./blink.mjs";
 *
 * await runAgent({ modules: { blink } });
 *
 * What nobody catches from then on, of modules and evaluations, is logged; an agent that cannot start ends its process.
 *
 * @returns when the agent listens and its modules have started
 * @throws `node/no-supervisor`
 */
export async function runAgent(options: RunAgentOptions = {}): Promise<void> {
  // Without its supervisor nobody would start it again: better to end, and be started by the next one.
  const supervisor = openSupervisorChannel(() => process.exit(1));
  if (!supervisor) {
    throw agentErrors.create(
      "node/no-supervisor",
      "this is a board's agent: start it by moteq board run --config FILE",
    );
  }
  // The supervisor decides when it ends; what ends a whole group of processes, as Ctrl-C, reaches both.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  for (const stream of [process.stdout, process.stderr]) boundOutput(stream);
  try {
    await new Promise<void>((settle) => {
      supervisor.listen((value) => {
        const message = value as ToAgent;
        // At once, since what is said next may come with it.
        if (message.type === "start") settle(work(message, options, supervisor));
        // Whoever ends a board does not wait until its agent has begun.
        else if (message.type === "stop") process.exit(0);
      });
      supervisor.send({ type: "ready" } satisfies ToSupervisor);
    });
  } catch (error) {
    // What nobody catches is logged from now on, but an agent that cannot work ends, to be started again.
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}

async function work(start: StartMessage, options: RunAgentOptions, supervisor: LineChannel): Promise<void> {
  const { config, boot } = start;
  const log = new BoardLog({
    clock: systemClock,
    write: (line) => process.stdout.write(`${line}\n`),
    ...config.log,
  });
  const uncaught = new UncaughtErrors(log.logger("uncaught"), systemClock);
  process.on("uncaughtException", (error) => uncaught.take(error));
  const base = toBoardBase(config.prefix);
  const about = {
    name: config.name,
    version: config.version,
    platform: `node ${process.version} ${process.platform} ${process.arch}`,
  };
  let agent: BoardAgent | undefined = undefined;
  const { url, ...access } = config.broker;
  const linkLogger = log.logger("broker");
  const sayBroker = sayStatus(url, (level, text) => linkLogger[level === "warn" ? "warning" : level](text), {
    advice: "give each board its own broker.client_id",
  });
  const longestMs = Math.min(30_000, config.watchdog.timeoutMs / 8);
  const client = connect(url, {
    ...access,
    // It has to be back, and fed, within the last quarter of the watchdog's time.
    backoff: { minimumMs: Math.min(500, longestMs), maximumMs: longestMs },
    will: createBoardWill(base, about),
    onStatus(status) {
      sayBroker(status);
      if (status.type === "connected") agent?.linked(true);
      else if (status.type === "disconnected") agent?.linked(false);
    },
  });
  const flush = () => client.flush();
  const keeper = new SupervisorLink({
    start,
    slots: new ImageSlots(join(config.data, "slots")),
    send: (message) => supervisor.send(message),
    flush,
    isBusy: () => agent?.busy ?? false,
  });
  const board: Board = {
    name: config.name,
    prefix: config.prefix,
    mode: boot.mode,
    client,
    clock: systemClock,
    log: (name) => log.logger(name),
  };
  const watchdog = { feed: (token: unknown) => agent?.watchdog.feed(token) };
  const printer = log.logger("repl");
  const repl = new VmRepl({
    bindings: { board, watchdog },
    from: join(config.root, "repl.js"),
    printLate: (text) => printer.info(text.trimEnd()),
  });
  agent = new BoardAgent({
    client,
    clock: systemClock,
    cryptography: systemCryptography,
    files: new NodeBoardFiles(config.root),
    repl,
    keeper,
    crashes: new FolderCrashStore(join(config.data, "crashes")),
    log,
    base,
    ...about,
    trusted: config.trusted.map((key) => fromHex(key) ?? new Uint8Array()),
  });
  const running = agent;
  supervisor.listen((value) => {
    const message = value as ToAgent;
    if (message.type === "stop") void end(running, client);
    else if (message.type !== "start") keeper.receive(message);
  });
  // Modules do not wait for the broker, and the broker does not wait for modules.
  await Promise.all([running.start(), loadModules({ board, log, ...toLoad(config, options, boot.mode) })]);
}

/** What the configuration names, and what the image brings. In safe mode an image's modules do not run. */
function toLoad(config: BoardConfig, { modules: own = {} }: RunAgentOptions, mode: "normal" | "safe") {
  const brought = mode === "safe" ? {} : own;
  const names = new Set([...Object.keys(brought), ...Object.keys(config.modules)]);
  return {
    modules: Object.fromEntries([...names].map((name) => [name, config.modules[name]])),
    safeModules: config.safeModules,
    load: async (name: string): Promise<BoardModule> =>
      brought[name] ?? (await importModule(name, config.modulesFrom)),
  };
}

/** Loads a module by a path, from the configuration's folder, or by a package's name. */
async function importModule(name: string, from: string): Promise<BoardModule> {
  const isPath = /^[./]/.test(name);
  const target = isPath ? resolve(from, name) : createRequire(join(from, "modules.js")).resolve(name);
  const module = (await import(pathToFileURL(target).href)) as Partial<BoardModule>;
  if (typeof module.start !== "function") {
    throw agentErrors.create("node/no-module", `${target} exports no function start(board, config)`);
  }
  return module as BoardModule;
}

async function end(agent: BoardAgent, client: ReturnType<typeof connect>): Promise<void> {
  try {
    await agent.close();
    await client.close();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
  }
  process.exit(0);
}
