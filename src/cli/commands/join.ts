import type { Command } from "commander";
import { Option } from "commander";
import { addBrokerOptions, addTimeoutOption, type BrokerOptions, readConfig } from "../broker-options.ts";
import { parseWhole } from "../options.ts";
import { printLine } from "../output.ts";
import { askGateway } from "../request.ts";

interface JoinOptions extends BrokerOptions {
  readonly json?: boolean;
  readonly timeout: number;
}

interface OpenOptions extends JoinOptions {
  readonly seconds: number;
  readonly code: boolean;
  readonly classic?: boolean;
}

interface CodeOptions extends JoinOptions {
  readonly days: number;
  readonly node?: string;
}

/** `moteq join`: the door for new nodes. */
export function addJoinCommand(program: Command, signal: AbortSignal): void {
  const join = program.command("join").description("Lets new nodes in: for a time, or by a code.");

  common(
    join
      .command("open")
      .description("Lets native nodes join for a time, with a code that this prints.")
      .addOption(new Option("-s, --seconds <count>", "how long").default(120).argParser(parseWhole(1, 3600)))
      .option("--no-code", "anybody who is in reach may join: for benches only")
      .option("--classic", "take unknown classic nodes too, meanwhile"),
  ).action(async ({ seconds, code, classic = false, ...options }: OpenOptions) => {
    const window = await askGateway(
      readConfig(options),
      "join/open",
      { seconds, code, classic },
      asking(options),
    );
    if (options.json) printLine(JSON.stringify(window, undefined, 2));
    else {
      printLine(`open until ${new Date(window.until).toLocaleTimeString()}`);
      printLine(window.code === null ? "no code: whoever asks may join" : `code ${window.code}`);
    }
  });

  common(
    join
      .command("close")
      .description("Closes the window.")
      .option("--codes", "make the codes worthless too that nobody has used"),
  ).action(async ({ codes = false, ...options }: JoinOptions & { readonly codes?: boolean }) => {
    const done = await askGateway(readConfig(options), "join/close", { codes }, asking(options));
    if (options.json) printLine(JSON.stringify(done, undefined, 2));
    else {
      printLine(done.closed ? "closed" : "no window was open");
      if (codes) printLine(`codes revoked: ${done.revoked}`);
    }
  });

  common(
    join
      .command("code")
      .description("Makes a code with which one node can join at any time; it ends with its use.")
      .addOption(
        new Option("-d, --days <count>", "how long it is good").default(7).argParser(parseWhole(1, 365)),
      )
      .option("--node <address>", "only this node may use it"),
  ).action(async ({ days, node, ...options }: CodeOptions) => {
    const request = node === undefined ? { days } : { days, address: node };
    const made = await askGateway(readConfig(options), "join/code", request, asking(options));
    if (options.json) printLine(JSON.stringify(made, undefined, 2));
    else printLine(`code ${made.code}, good until ${new Date(made.expires).toLocaleString()}`);
  });

  const asking = ({ timeout }: JoinOptions) => ({ signal, timeout });
}

function common(command: Command): Command {
  return addTimeoutOption(addBrokerOptions(command.option("--json", "as JSON")));
}
