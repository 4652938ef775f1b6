import { Command, CommanderError } from "commander";
import { MoteqError } from "../base/index.ts";
import { readVersion } from "../hub/index.ts";
import { addBoardCommand } from "./commands/board.ts";
import { addChannelCommand } from "./commands/channel.ts";
import { addClimateCommand } from "./commands/climate.ts";
import { addJoinCommand } from "./commands/join.ts";
import { addNodeAdminCommands } from "./commands/node-admin.ts";
import { addHostCommand } from "./commands/host.ts";
import { addModemCommand } from "./commands/modem.ts";
import { addDongleCommand } from "./commands/dongle.ts";
import { addNodeCommand } from "./commands/node.ts";
import { addNodesCommand } from "./commands/nodes.ts";
import { addPubCommand } from "./commands/pub.ts";
import { addQueueCommand } from "./commands/queue.ts";
import { addScreenCommand } from "./commands/screen.ts";
import { addSubCommand } from "./commands/sub.ts";
import { addUpCommand } from "./commands/up.ts";
import { startInterrupt } from "./interrupt.ts";
import { endWithOutput, printError, toJsonLine } from "./output.ts";

/**
 * Runs the command line. Sets the exit code: 0 done, 1 it did not work, 2 it was called wrongly or the broker refuses
 * the user, 130 it was interrupted before it was done. What goes on until Ctrl-C is done by it.
 *
 * @param argv as `process.argv`: the program, the script, then the words
 */
export async function main(argv: readonly string[]): Promise<void> {
  const interrupt = startInterrupt();
  endWithOutput();
  try {
    await createProgram(interrupt.signal).parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error, interrupt.signal, argv.includes("--json"));
  } finally {
    interrupt.release();
  }
}

const commands = [
  addUpCommand,
  addSubCommand,
  addPubCommand,
  addNodesCommand,
  addQueueCommand,
  addJoinCommand,
  addChannelCommand,
  addNodeAdminCommands,
  addNodeCommand,
  addDongleCommand,
  addClimateCommand,
  addBoardCommand,
  addScreenCommand,
  addModemCommand,
  addHostCommand,
];

function createProgram(signal: AbortSignal): Command {
  const program = new Command("moteq")
    .description("MQTT to and from microcontrollers that sleep, have no network, or are out of reach.")
    .version(readVersion(), "--version", "print the version")
    .helpOption("--help", "print this")
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .showHelpAfterError("(moteq COMMAND --help shows how it is called)")
    .exitOverride();
  for (const add of commands) add(program, signal);
  return program;
}

/** Says what went wrong, in one line where it is foreseen, and which exit code that is. */
function report(error: unknown, signal: AbortSignal, json: boolean): number {
  const say = (code: string, message: string) => {
    if (json) process.stderr.write(`${toJsonLine({ error: { code, message } })}\n`);
    else printError(message);
  };
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (signal.aborted && error === signal.reason) {
    say("interrupted", "interrupted");
    return 130;
  }
  if (error instanceof MoteqError) {
    say(error.code, error.message);
    return error.fault === "caller" ? 2 : 1;
  }
  printError(error instanceof Error ? `this is a defect of moteq: ${error.stack}` : String(error));
  return 1;
}
