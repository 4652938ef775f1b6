import type { MoteqError } from "../base/index.ts";
import { type MqttClient, mqttErrors } from "../mqtt/index.ts";
import { brokerUrlOf, connectToBroker, type HubConfig } from "../hub/index.ts";
import { sayStatus } from "../node/index.ts";
import { cliErrors } from "./errors.ts";
import { printError } from "./output.ts";

/** Why a broker refuses whoever asks in the same way again: version, client id, user or password, no right, banned. */
const lastingRefusals = new Set<unknown>([0x84, 0x85, 0x86, 0x87, 0x8a]);

/**
 * Runs `work` with a client of its own and closes that afterwards. Trouble with the broker is said once, on the error
 * stream.
 *
 * @throws `cli/broker-refused` at once if the broker refuses the first connection for what this client is; later it may
 *   only just have been set up anew, and is asked again
 */
export async function withClient<T>(config: HubConfig, work: (client: MqttClient) => Promise<T>): Promise<T> {
  const url = brokerUrlOf(config.broker);
  const say = sayStatus(url, (level, text) => {
    if (level === "warn") printError(text);
  });
  let refuse!: (error: MoteqError) => void;
  const refusal = new Promise<never>((_, reject) => (refuse = reject));
  let accepted = false;
  const client = connectToBroker(config.broker, {
    onStatus(status) {
      accepted ||= status.type === "connected";
      if (!accepted && status.type === "disconnected" && isLasting(status.error)) {
        const what = `the broker at ${url} refuses this client: ${status.error.message}. Check user and password`;
        refuse(cliErrors.create("cli/broker-refused", what, { cause: status.error }));
      } else say(status);
    },
  });
  try {
    return await Promise.race([work(client), refusal]);
  } finally {
    await client.close();
  }
}

function isLasting(error: MoteqError | undefined): error is MoteqError {
  return mqttErrors.is(error, "mqtt/refused") && lastingRefusals.has(error.detail["reasonCode"]);
}

/** Runs what goes on until Ctrl-C, which is then its end and no failure. */
export async function untilInterrupted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

/** Calls back when `signal` is aborted, or at once if it is. */
export function whenInterrupted(signal: AbortSignal, reject: (reason: unknown) => void): void {
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
}

/**
 * A signal that is aborted with `signal`, or when `seconds` have passed.
 *
 * @throws by way of the signal: `cli/timeout`, saying what was waited for
 */
export function withTimeout(signal: AbortSignal, seconds: number, waitedFor: string): AbortSignal {
  const controller = new AbortController();
  const timer = AbortSignal.timeout(seconds * 1000);
  signal.addEventListener("abort", () => controller.abort(signal.reason));
  timer.addEventListener("abort", () =>
    controller.abort(cliErrors.create("cli/timeout", `${waitedFor} did not come within ${seconds} s`)),
  );
  return controller.signal;
}
