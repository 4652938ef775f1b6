import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { QoS } from "../../mqtt/index.ts";
import { addBrokerOptions, addTimeoutOption, type BrokerOptions, readConfig } from "../broker-options.ts";
import { cliErrors } from "../errors.ts";
import { parseQos } from "../options.ts";
import { withClient, withTimeout } from "../session.ts";

interface PubOptions extends BrokerOptions {
  readonly qos: QoS;
  readonly retain?: boolean;
  readonly stdin?: boolean;
  readonly empty?: boolean;
  readonly timeout: number;
}

/** `moteq pub`: publishes one message. */
export function addPubCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("pub")
    .description("Publishes one message and ends when the broker has it.")
    .argument("<topic>", "where to publish it")
    .argument("[message]", "the message")
    .option("-q, --qos <0|1|2>", "how surely it is to arrive", parseQos, 0 as const)
    .option("-r, --retain", "let the broker keep it for new subscribers")
    .option("-n, --empty", "an empty message; with --retain it clears the one that the broker keeps")
    .option("-s, --stdin", "read the message from standard input, as it is");
  addTimeoutOption(addBrokerOptions(command)).action(
    async (topic: string, message: string | undefined, options: PubOptions) => {
      const payload = readPayload(message, options);
      const { qos, retain = false, timeout } = options;
      await withClient(readConfig(options), async (client) => {
        const limited = withTimeout(
          signal,
          timeout,
          `the broker's acknowledgement of the message to ${topic}`,
        );
        await client.publish(topic, payload, { qos, retain, signal: limited });
      });
    },
  );
}

function readPayload(message: string | undefined, { stdin, empty }: PubOptions): string | Uint8Array {
  const sources = [message !== undefined, stdin, empty].filter(Boolean).length;
  if (sources !== 1) {
    throw cliErrors.create(
      "cli/bad-argument",
      `pub takes one of a message, --stdin and --empty, got ${sources === 0 ? "none" : "several"}`,
    );
  }
  return message ?? (stdin ? readFileSync(0) : "");
}
