import type { MqttClient } from "../../mqtt/index.ts";
import { decodeUtf8, messageOf } from "../../base/index.ts";
import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";
import { printError, printLine, toJsonLine, toPrintable } from "../output.ts";

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

/**
 * `log -f`: prints lines as they come, until `signal` is aborted. A board that does not answer within its timeout is said to
 * be silent, and listened to all the same.
 */
export async function followLog(
  client: MqttClient,
  topic: string,
  open: (client: MqttClient) => Promise<RemoteBoard>,
  json: boolean,
  signal: AbortSignal,
): Promise<void> {
  let heard = false;
  const subscription = await client.subscribe(topic, { qos: 1, signal }, ({ payload, retain }) => {
    if (retain) return;
    heard = true;
    printLogLine(decodeUtf8(payload) ?? `(${payload.length} bytes that are no text)`, json);
  });
  void open(client).then(
    (board) => board.close(),
    (error: unknown) => {
      // Whoever may only read the log is refused otherwise, and is told nothing.
      if (!heard && !signal.aborted && remoteErrors.is(error, "remote/no-answer"))
        printError(`${messageOf(error)} What it logs is shown when it comes`);
    },
  );
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  await subscription.unsubscribe().catch(() => {});
}
