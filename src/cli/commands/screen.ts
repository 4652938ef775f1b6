import type { Command } from "commander";
import { renderText } from "../../device/index.ts";
import { decodeScreen, screenTopic } from "../../hub/index.ts";
import { addBrokerOptions, addTimeoutOption, type BrokerOptions, readConfig } from "../broker-options.ts";
import { printError, printLine } from "../output.ts";
import { untilInterrupted, whenInterrupted, withClient, withTimeout } from "../session.ts";

interface ScreenOptions extends BrokerOptions {
  readonly topic: string;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly timeout: number;
}

/** `moteq screen`: a simulated display in the terminal. */
export function addScreenCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("screen")
    .description("Shows the display of a simulated climate board, until Ctrl-C.")
    .option("--topic <topic>", "where the display is published", screenTopic)
    .option("--once", "show it once and end")
    .option("--json", "the picture's size and bytes (base64) as lines of JSON");
  addTimeoutOption(addBrokerOptions(command)).action(async (options: ScreenOptions) => {
    const watch = withClient(readConfig(options), async (client) => {
      const first = withTimeout(signal, options.timeout, "a picture of a display");
      await new Promise<void>((resolve, reject) => {
        let shown = 0;
        whenInterrupted(signal, reject);
        first.addEventListener("abort", () => {
          if (shown === 0) reject(first.reason as Error);
        });
        client
          .subscribe(options.topic, { qos: 0, signal }, ({ payload, topic }) => {
            const picture = decodeScreen(payload);
            if (!picture) {
              printError(`a message on ${topic} is no picture of a display`);
              return;
            }
            shown++;
            if (options.json) printLine(new TextDecoder().decode(payload));
            else show(renderText(picture), shown > 1);
            if (options.once) resolve();
          })
          .catch(reject);
      });
    });
    await (options.once ? watch : untilInterrupted(signal, () => watch));
  });
}

/** On a terminal each picture takes the place of the one before. */
function show(lines: readonly string[], again: boolean): void {
  if (again && process.stdout.isTTY) process.stdout.write(`\u001b[${lines.length}A`);
  for (const line of lines) printLine(line);
}
