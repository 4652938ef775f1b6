import { decodeUtf8, messageOf } from "../base/index.ts";
import { connectToBroker, type Hub, type HubConfig, screenTopic } from "../hub/index.ts";
import { type Message, mqttErrors } from "../mqtt/index.ts";
import { toBoardBase } from "../wire/index.ts";
import { printLine, toPrintable } from "./output.ts";

/** The longest payload that is shown whole, in characters. */
const longestShown = 100;

/**
 * Prints what passes through the broker, a line a message, and what simulated nodes show. moteq's own retained pages
 * and what is said to the board are left out: they would hide the rest.
 *
 * @returns what ends it
 */
export function showTraffic(hub: Hub, config: HubConfig): () => Promise<void> {
  const own = [`${config.gateway.base}/`, `${toBoardBase(config.board.prefix)}/`];
  const client = connectToBroker(
    { ...config.broker, url: hub.brokerUrl },
    {
      onMessage: (message) => {
        const isOwn = own.some((start) => message.topic.startsWith(start));
        if (!isOwn && message.topic !== screenTopic) printLine(`${timeOfDay()}  ${format(message)}`);
      },
    },
  );
  client
    .subscribe("#", { qos: 1 }, () => {})
    .catch((error: unknown) => {
      if (!mqttErrors.is(error, "mqtt/closed")) printLine(`traffic cannot be shown: ${messageOf(error)}`);
    });
  const ends = (hub.world?.nodes ?? []).map((node) =>
    node.observe((event) => {
      if (event.type === "shows")
        printLine(`${timeOfDay()}  (the node ${node.name} shows ${toPrintable(event.colour)})`);
    }),
  );
  return async () => {
    for (const end of ends) end();
    await client.close();
  };
}

function format({ topic, payload, retain }: Message): string {
  const text = decodeUtf8(payload) ?? `(${payload.length} bytes)`;
  const shown = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
  return `${toPrintable(topic).padEnd(12)}  ${toPrintable(shown)}${retain ? "  (retained)" : ""}`;
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}
