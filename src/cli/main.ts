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
import { completeHelp } from "./help.ts";
import { startInterrupt } from "./interrupt.ts";
import { endWithOutput, printFailure, wantsJson } from "./output.ts";

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
    await createProgram(interrupt.signal, wantsJson(argv)).parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error, interrupt.signal, wantsJson(argv));
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

function createProgram(signal: AbortSignal, json: boolean): Command {
  const program = new Command("moteq")
    .description("MQTT to and from microcontrollers that sleep, have no network, or are out of reach.")
    .version(readVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print this")
    // What is wrong with the words is said by `report` where programs read it.
    .configureOutput({ writeErr: (text) => void (json || process.stderr.write(text)) })
    .exitOverride();
  for (const add of commands) add(program, signal);
  completeHelp(program, "moteq");
  return program;
}

/** Says what went wrong, in one line where it is foreseen, and which exit code that is. */
function report(error: unknown, signal: AbortSignal, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Commander has said it to people already. What it calls help is its answer where a command is missing.
    const what = error.code === "commander.help" ? "a command is missing" : error.message;
    if (json) printFailure({ code: "cli/bad-argument", message: what.replace(/^error: /, "") });
    return 2;
  }
  if (signal.aborted && error === signal.reason) {
    printFailure({ code: "interrupted", message: "interrupted" });
    return 130;
  }
  if (error instanceof MoteqError) {
    printFailure(error);
    return error.fault === "caller" ? 2 : 1;
  }
  const what = error instanceof Error ? `this is a defect of moteq: ${error.stack}` : String(error);
  printFailure({ code: "defect", message: what });
  return 1;
}
