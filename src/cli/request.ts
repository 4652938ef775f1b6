import type { Command } from "commander";
import { decodeUtf8 } from "../base/index.ts";
import {
  bridgeQuestions,
  type BridgeRequests,
  type BridgeResponse,
  toRequestTopic,
  toResponseTopic,
} from "../topics/index.ts";
import { addBrokerOptions, addTimeoutOption, type BrokerOptions, readConfig } from "./broker-options.ts";
import { cliErrors } from "./errors.ts";
import { whenInterrupted, withClient, withTimeout } from "./session.ts";

/** The options of every command that asks the gateway something. */
export interface RequestOptions extends BrokerOptions {
  readonly json?: boolean;
  /** Seconds to wait for the answer. */
  readonly timeout: number;
}

export function addRequestOptions(command: Command): Command {
  return addTimeoutOption(addBrokerOptions(command.option("--json", "as JSON")));
}

/**
 * Asks the gateway by way of the broker.
 *
 * @returns the data of its answer
 * @throws `cli/refused` with what the gateway said; `cli/timeout`
 */
export async function askGateway<Name extends keyof BridgeRequests>(
  options: RequestOptions,
  name: Name,
  request: BridgeRequests[Name]["request"],
  signal: AbortSignal,
): Promise<BridgeRequests[Name]["data"]> {
  const config = readConfig(options);
  const { base } = config.gateway;
  const qos = bridgeQuestions.has(name) ? 0 : 1;
  const transaction = globalThis.crypto.randomUUID();
  const response = await withClient(config, async (client) => {
    const limited = withTimeout(
      signal,
      options.timeout,
      `an answer of the gateway (is one running with this broker?)`,
    );
    return new Promise<BridgeResponse>((resolve, reject) => {
      whenInterrupted(limited, reject);
      const topic = toResponseTopic(base, name);
      client
        .subscribe(topic, { qos, signal: limited }, ({ payload }) => {
          const answer = parse(payload);
          if (answer?.transaction === transaction) resolve(answer);
        })
        .then(async () => {
          const text = JSON.stringify({ ...request, transaction });
          await client.publish(toRequestTopic(base, name), text, { qos, signal: limited });
          return undefined;
        })
        .catch(reject);
    });
  });
  if (response.status === "ok") return response.data as BridgeRequests[Name]["data"];
  throw cliErrors.create("cli/refused", response.error ?? "the gateway refused, and did not say why");
}

function parse(payload: Uint8Array): BridgeResponse | undefined {
  try {
    return JSON.parse(decodeUtf8(payload) ?? "") as BridgeResponse;
  } catch {
    return undefined;
  }
}
