import type { MqttClient } from "../mqtt/index.ts";
import { brokerUrlOf, connectToBroker, type HubConfig } from "../hub/index.ts";
import { sayStatus } from "../node/index.ts";
import { cliErrors } from "./errors.ts";
import { printError } from "./output.ts";

/**
 * Runs `work` with a client of its own and closes that afterwards. Trouble with the broker is said once, on the error
 * stream.
 */
export async function withClient<T>(config: HubConfig, work: (client: MqttClient) => Promise<T>): Promise<T> {
  const say = sayStatus(brokerUrlOf(config.broker), (level, text) => {
    if (level === "warn") printError(text);
  });
  const client = connectToBroker(config.broker, { onStatus: say });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
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
