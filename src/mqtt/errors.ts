import { defineErrors } from "../base/index.ts";

/** The errors of the MQTT client; `docs/reference/errors.md` explains them. */
export const mqttErrors = defineErrors({
  "mqtt/unreachable": {
    fault: "place",
    meaning:
      "No connection to the broker could be opened. Check the address, the network and whether it runs.",
  },
  "mqtt/refused": {
    fault: "peer",
    meaning:
      "The broker answered CONNECT with a refusal; `detail.returnCode` is its CONNACK code. Check the user name, " +
      "the password, the client id and the broker's access rules. The client tries again.",
  },
  "mqtt/connection-lost": {
    fault: "place",
    meaning: "The connection ended although nobody wanted it to. The client connects again.",
  },
  "mqtt/timeout": {
    fault: "peer",
    meaning: "The broker did not answer within `responseTimeoutMs`, so that the connection was given up.",
  },
  "mqtt/protocol": {
    fault: "peer",
    meaning:
      "The broker sent what MQTT does not allow, or a packet over `maximumPacketBytes`; `detail.reason` says what. " +
      "The connection was closed; the client connects again.",
  },
  "mqtt/closed": {
    fault: "caller",
    meaning: "The client was closed before this was done, or used after it had been closed.",
  },
  "mqtt/queue-full": {
    fault: "place",
    meaning:
      "A message was dropped because `offlineLimit` messages waited already. Raise the limit, publish less, or " +
      "choose another `offlinePolicy`.",
  },
  "mqtt/message-refused": {
    fault: "peer",
    meaning:
      "The broker closed the connection each time this message was the next in line, `refusalLimit` times in a row. " +
      "It was given up so that the others get through. Check the topic and the broker's access rules.",
  },
  "mqtt/subscribe-refused": {
    fault: "peer",
    meaning:
      "The broker refused a subscription (SUBACK 0x80), or closed the connection each time it was asked for.",
  },
  "mqtt/too-long": {
    fault: "caller",
    meaning: "A message is longer than MQTT can carry: 268,435,455 bytes with its topic.",
  },
  "mqtt/bad-option": {
    fault: "caller",
    meaning: "The client was given an option outside its range.",
  },
});

/** What the return codes of a CONNACK mean (MQTT 3.1.1, 3.2.2.3). */
const refusals: Readonly<Record<number, string>> = {
  1: "does not speak MQTT 3.1.1",
  2: "refused the client id",
  3: "is not available at the moment",
  4: "refused the user name or password",
  5: "does not authorize this client",
};

/** A refusal in words, as `the broker refused the user name or password (CONNACK code 4)`. */
export function describeRefusal(returnCode: number): string {
  return `the broker ${refusals[returnCode] ?? "refused the connection"} (CONNACK code ${returnCode})`;
}
