import type { Command } from "commander";
import { Option } from "commander";
import { parseWhole } from "../options.ts";
import { printData, printLine } from "../output.ts";
import { addRequestOptions, askGateway, type RequestOptions } from "../request.ts";

interface OpenOptions extends RequestOptions {
  readonly seconds: number;
  readonly code: boolean;
  readonly classic?: boolean;
}

interface CodeOptions extends RequestOptions {
  readonly days: number;
  readonly node?: string;
}

/** `moteq join`: the door for new nodes. */
export function addJoinCommand(program: Command, signal: AbortSignal): void {
  const join = program.command("join").description("Lets new nodes in: for a time, or by a code.");

  addRequestOptions(
    join
      .command("open")
      .description("Lets native nodes join for a time, with a code that this prints.")
      .addOption(new Option("-s, --seconds <count>", "how long").default(120).argParser(parseWhole(1, 3600)))
      .option("--no-code", "anybody who is in reach may join: for benches only")
      .option("--classic", "take unknown classic nodes too, meanwhile"),
  ).action(async ({ seconds, code, classic = false, ...options }: OpenOptions) => {
    const window = await askGateway(options, "join/open", { seconds, code, classic }, signal);
    printData(options, window, () => {
      printLine(`open until ${new Date(window.until).toLocaleTimeString()}`);
      printLine(window.code === null ? "no code: whoever asks may join" : `code ${window.code}`);
    });
  });

  addRequestOptions(
    join
      .command("close")
      .description("Closes the window.")
      .option("--codes", "make the codes worthless too that nobody has used"),
  ).action(async ({ codes = false, ...options }: RequestOptions & { readonly codes?: boolean }) => {
    const done = await askGateway(options, "join/close", { codes }, signal);
    printData(options, done, () => {
      printLine(done.closed ? "closed" : "no window was open");
      if (codes) printLine(`codes revoked: ${done.revoked}`);
    });
  });

  addRequestOptions(
    join
      .command("code")
      .description("Makes a code with which one node can join at any time; it ends with its use.")
      .addOption(
        new Option("-d, --days <count>", "how long it is good").default(7).argParser(parseWhole(1, 365)),
      )
      .option("--node <address>", "only this node may use it"),
  ).action(async ({ days, node, ...options }: CodeOptions) => {
    const request = node === undefined ? { days } : { days, address: node };
    const made = await askGateway(options, "join/code", request, signal);
    printData(options, made, `code ${made.code}, good until ${new Date(made.expires).toLocaleString()}`);
  });
}
