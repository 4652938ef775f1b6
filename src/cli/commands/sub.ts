import type { Command } from "commander";
import { decodeUtf8 } from "../../base/index.ts";
import type { Message, QoS } from "../../mqtt/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig } from "../broker-options.ts";
import { parseQos, parseWhole } from "../options.ts";
import { toPrintable } from "../output.ts";
import { untilInterrupted, whenInterrupted, withClient } from "../session.ts";

interface SubOptions extends BrokerOptions {
  readonly qos: QoS;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly count?: number;
}

/** `moteq sub`: shows messages as they come. */
export function addSubCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("sub")
    .description("Shows the messages on one or more topics as they come, until Ctrl-C.")
    .argument("<filters...>", "topic filters, as shed, home/+/light or '#'")
    .option("-q, --qos <0|1|2>", "how surely they are to come", parseQos, 1 as const)
    .option("-v, --verbose", "the topic before each message")
    .option("-C, --count <n>", "end after so many messages", parseWhole(1, 1_000_000_000))
    .option("--json", "each message as a line of JSON");
  addBrokerOptions(command).action(async (filters: string[], options: SubOptions) => {
    const show = withClient(readConfig(options), async (client) => {
      await new Promise<void>((resolve, reject) => {
        let left = options.count ?? Infinity;
        const print = (message: Message) => {
          if (left <= 0) return;
          process.stdout.write(format(message, options));
          if (--left <= 0) resolve();
        };
        whenInterrupted(signal, reject);
        for (const filter of filters) {
          client.subscribe(filter, { qos: options.qos, signal }, print).catch(reject);
        }
      });
    });
    await (options.count === undefined ? untilInterrupted(signal, () => show) : show);
  });
}

function format(message: Message, options: SubOptions): string | Uint8Array {
  const text = decodeUtf8(message.payload);
  if (options.json) {
    const { topic, qos, retain } = message;
    // A payload that is no text goes as base64, and says so.
    const payload = text ?? Buffer.from(message.payload).toString("base64");
    return `${JSON.stringify({ topic, payload, ...(text === undefined ? { encoding: "base64" } : {}), qos, retain })}\n`;
  }
  const topic = options.verbose ? `${message.topic} ` : "";
  if (process.stdout.isTTY) return `${toPrintable(topic + (text ?? `(${message.payload.length} bytes)`))}\n`;
  // Into a pipe or a file the bytes go as they are.
  return Buffer.concat([Buffer.from(topic), message.payload, Buffer.from("\n")]);
}
