import { type Command, Option } from "commander";
import { parseWhole } from "../options.ts";
import { printData } from "../output.ts";
import { addRequestOptions, askGateway, type RequestOptions } from "../request.ts";

/** `moteq channel`: moves the gateway's radio to another channel. */
export function addChannelCommand(program: Command, signal: AbortSignal): void {
  const channel = program.command("channel").description("Moves the gateway's radio to another channel.");

  addRequestOptions(
    channel
      .command("move")
      .argument("<channel>", "1 to 14", parseWhole(1, 14))
      .description("Plans a move, so that every native node that wakes until then can be told.")
      .addOption(
        new Option("-i, --in <seconds>", "when, a week at the most")
          .default(3600)
          .argParser(parseWhole(1, 604_800)),
      ),
  ).action(async (to: number, { in: seconds, ...options }: RequestOptions & { readonly in: number }) => {
    const request = { channel: to, seconds };
    const plan = await askGateway(options, "channel/move", request, signal);
    printData(options, plan, `channel ${plan.channel} from ${new Date(plan.at).toLocaleString()} on`);
  });

  addRequestOptions(
    channel.command("cancel").description("Takes the move back; nodes that know of it hear that."),
  ).action(async (options: RequestOptions) => {
    const done = await askGateway(options, "channel/cancel", {}, signal);
    printData(options, done, done.cancelled ? "cancelled" : "no move was planned");
  });
}
