import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/hub/index.ts";
import { type CliProcess, startCli } from "./cli-process.ts";
import { freePort } from "./mosquitto.ts";

/** `moteq board …`, as built, in a folder and with a broker of its own. */
export interface BoardCli extends AsyncDisposable {
  readonly folder: string;
  readonly broker: EmbeddedBroker;
  /** Starts a command and goes on. */
  start(words: readonly string[]): CliProcess;
  /** Runs a command to its end. */
  run(
    words: readonly string[],
    input?: string,
  ): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

export async function startBoardCli(): Promise<BoardCli> {
  const folder = mkdtempSync(join(tmpdir(), "moteq-board-cli-"));
  const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
  const environment = { MOTEQ_BROKER_URL: broker.url };
  return {
    folder,
    broker,
    start: (words) => startCli(folder, ["board", ...words], { environment }),
    async run(words, input) {
      const running = startCli(folder, ["board", "-T", "20", ...words], {
        environment,
        ...(input === undefined ? {} : { input }),
      });
      return { code: await running.exit, out: running.out(), err: running.err() };
    },
    async [Symbol.asyncDispose]() {
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
