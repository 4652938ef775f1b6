import type { MqttClient } from "../../mqtt/index.ts";
import { decodeUtf8 } from "../../base/index.ts";
import { printLine, toJsonLine, toPrintable } from "../output.ts";

/** The colours of a log's lines by their first letter, as the original shows them; only on a terminal. */
const colours: Readonly<Record<string, string>> = { C: "1;35", E: "1;31", W: "1;33", I: "32", D: "2" };

/** Prints a line of a board's log. */
export function printLogLine(line: string, json: boolean): void {
  if (json) {
    printLine(toJsonLine({ level: line.charAt(0), line }));
    return;
  }
  const safe = toPrintable(line);
  const colour = line.charAt(1) === " " ? colours[line.charAt(0)] : undefined;
  printLine(colour !== undefined && process.stdout.isTTY ? `\u001b[${colour}m${safe}\u001b[0m` : safe);
}

/** `log -f`: prints lines as they come, until `signal` is aborted. */
export async function followLog(
  client: MqttClient,
  topic: string,
  json: boolean,
  signal: AbortSignal,
): Promise<void> {
  const subscription = await client.subscribe(topic, { qos: 1, signal }, ({ payload, retain }) => {
    if (!retain) printLogLine(decodeUtf8(payload) ?? `(${payload.length} bytes that are no text)`, json);
  });
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  await subscription.unsubscribe().catch(() => {});
}
