import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { fromHex, toHex } from "../../../src/base/index.ts";
import type { MqttClient } from "../../../src/mqtt/index.ts";
import { decodeCommandTopic, encodeReplyTopic } from "../../../src/wire/index.ts";

type FromWorker =
  | { readonly ready: true }
  | { readonly kind: "out" | "err"; readonly id: string; readonly hex: string }
  | { readonly level: string; readonly text: string }
  | { readonly reset: string }
  | { readonly broken: string };

/** A board that runs what the original mqrepl does, in real MicroPython with a file system of its own. */
export interface MqreplBoard extends AsyncDisposable {
  /** The letters that it was reset with. */
  readonly resets: readonly string[];
  /** How often each command came. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Starts one behind a client of its own; without `call` it is as the original, which knows no such command. */
export async function startMqreplBoard(client: MqttClient, base: string): Promise<MqreplBoard> {
  const worker = new Worker(new URL("worker.js", import.meta.url));
  const resets: string[] = [];
  const counts: Record<string, number> = {};
  worker.on("message", (message: FromWorker) => {
    if ("kind" in message) {
      const payload = fromHex(message.hex) ?? new Uint8Array();
      void client.publish(encodeReplyTopic(base, message.kind, message.id), payload, { qos: 1 });
    } else if ("level" in message) {
      const line = `${message.level} ${" ".repeat(8)}1 ${" ".repeat(4)}main: ${message.text}`;
      void client.publish(`${base.slice(0, -4)}/log`, line, { qos: 1 });
    } else if ("reset" in message) resets.push(message.reset);
    else if ("broken" in message) throw new Error(message.broken);
  });
  await once(worker, "message");
  await client.subscribe(`${base}/cmd/#`, { qos: 1 }, ({ topic, payload, duplicate }) => {
    const command = decodeCommandTopic(base, topic);
    if (!command) return;
    counts[command.command] = (counts[command.command] ?? 0) + 1;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
    worker.postMessage({ ...command, hex: toHex(payload), duplicate });
  });
  return {
    resets,
    counts,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
      await client.close();
    },
  };
}
