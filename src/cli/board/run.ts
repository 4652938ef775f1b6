import { once } from "node:events";
import type { Command } from "commander";
import { messageOf, sleep } from "../../base/index.ts";
import { brokerUrlOf, startBoard } from "../../hub/index.ts";
import { boundOutput, systemClock } from "../../node/index.ts";
import { readConfig } from "../broker-options.ts";
import { goOnWithoutOutput, printLine, toSafeText } from "../output.ts";
import type { BoardOptions } from "./options.ts";

/** How long the end waits for somebody who reads what was printed last, in milliseconds. */
const lastWordsMs = 1000;

interface RunOptions extends BoardOptions {
  readonly data?: string;
  readonly name?: string;
  readonly root?: string;
  readonly watchdog?: string;
}

/** `moteq board run`: this machine as a board. */
export function addRunCommand(board: Command, signal: AbortSignal): void {
  board
    .command("run")
    .description("makes this machine a board: a supervisor and its agent, until Ctrl-C")
    .option("--data <folder>", "where supervisor and slots keep what they keep (default: moteq-board)")
    .option("--root <folder>", "the folder whose files are managed (default: files in the data folder)")
    .option("--name <name>", "what people call it (default: the machine's name)")
    .option("--watchdog <device>", "a hardware watchdog to feed, as /dev/watchdog")
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<RunOptions>();
      const config = readConfig(options, {
        board: {
          prefix: options.prefix,
          data: options.data,
          root: options.root,
          name: options.name,
          watchdog: { device: options.watchdog },
        },
      });
      goOnWithoutOutput();
      for (const stream of [process.stdout, process.stderr]) boundOutput(stream);
      const running = await startBoard(config, options.config, print);
      // Whatever goes wrong here, nothing may end what keeps the board manageable.
      process.on("uncaughtException", (error) => {
        const what = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
        print(`moteq: this is a defect of moteq, which goes on: ${what}\n`);
      });
      const { prefix } = config.board;
      printLine(`board ${prefix} by ${brokerUrlOf(config.broker)}; Ctrl-C ends it`);
      // A terminal that goes ends it in good order too.
      const hungUp = once(process, "SIGHUP");
      if (!signal.aborted) await Promise.race([once(signal, "abort"), hungUp]);
      await running.close();
      printLine("The board has ended.");
      if (process.stdout.writableLength > 0) await sleep(systemClock, lastWordsMs);
      if (process.stdout.writableLength > 0) process.exit();
    });
}

function print(text: string): void {
  process.stdout.write(toSafeText(text));
}
