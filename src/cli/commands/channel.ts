import { type Command, Option } from "commander";
import { addBrokerOptions, addTimeoutOption, type BrokerOptions, readConfig } from "../broker-options.ts";
import { parseWhole } from "../options.ts";
import { printLine } from "../output.ts";
import { askGateway } from "../request.ts";

interface ChannelOptions extends BrokerOptions {
  readonly json?: boolean;
  readonly timeout: number;
}

/** `moteq channel`: moves the gateway's radio to another channel. */
export function addChannelCommand(program: Command, signal: AbortSignal): void {
  const channel = program.command("channel").description("Moves the gateway's radio to another channel.");

  common(
    channel
      .command("move")
      .argument("<channel>", "1 to 14", parseWhole(1, 14))
      .description("Plans a move, so that every native node that wakes until then can be told.")
      .addOption(
        new Option("-i, --in <seconds>", "when, a week at the most")
          .default(3600)
          .argParser(parseWhole(1, 604_800)),
      ),
  ).action(async (to: number, { in: seconds, ...options }: ChannelOptions & { readonly in: number }) => {
    const request = { channel: to, seconds };
    const plan = await askGateway(readConfig(options), "channel/move", request, asking(options));
    if (options.json) printLine(JSON.stringify(plan, undefined, 2));
    else printLine(`channel ${plan.channel} from ${new Date(plan.at).toLocaleString()} on`);
  });

  common(
    channel.command("cancel").description("Takes the move back; nodes that know of it hear that."),
  ).action(async (options: ChannelOptions) => {
    const done = await askGateway(readConfig(options), "channel/cancel", {}, asking(options));
    if (options.json) printLine(JSON.stringify(done, undefined, 2));
    else printLine(done.cancelled ? "cancelled" : "no move was planned");
  });

  const asking = ({ timeout }: ChannelOptions) => ({ signal, timeout });
}

function common(command: Command): Command {
  return addTimeoutOption(addBrokerOptions(command.option("--json", "as JSON")));
}
