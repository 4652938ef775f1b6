import type { MqttErrorCode } from "./errors.ts";

/** What each error means and what to do. Apart from the errors, so that small engines need not carry it. */
export const mqttErrorMeanings: Readonly<Record<MqttErrorCode, string>> = {
  "mqtt/bad-option":
    "The client was given an option outside its range, or a message with a payload, a QoS or properties that cannot be sent.",
  "mqtt/closed": "The client was closed before this was done, or used after it had been closed.",
  "mqtt/connection-lost": "The connection ended although nobody wanted it to. The client connects again.",
  "mqtt/disconnected":
    "The broker ended the connection and said why (MQTT 5): `detail.reason` and `detail.reasonCode`. The client " +
    "connects again. With `session-taken-over`, another client has the same client id.",
  "mqtt/message-refused":
    "The broker refused a message with a reason (MQTT 5, `detail.reason`), cannot take it at all (its QoS, or " +
    "`retain`), or closed the connection each time it was the next in line, `refusalLimit` times in a row: given up " +
    "so that the others get through. Check the topic and the broker's access rules.",
  "mqtt/protocol":
    "The broker sent what MQTT does not allow, or, in MQTT 5, a packet over `maximumPacketBytes`; `detail.reason` says what. " +
    "The connection was closed; the client connects again.",
  "mqtt/queue-full":
    "A message was dropped because `offlineLimit` messages waited already. Raise the limit, publish less, or " +
    "choose another `offlinePolicy`.",
  "mqtt/refused":
    "The broker answered CONNECT with a refusal; `detail.reason` and `detail.reasonCode` say which. Check the user " +
    "name, the password, the client id and the broker's access rules. The client tries again.",
  "mqtt/request-timeout":
    "Nobody answered a request in time. Check that somebody listens on its topic, and answers to the response topic.",
  "mqtt/store-failed":
    "The store could not keep a change: the disk is full or broken. The message it came with was not accepted; " +
    "others wait until the store works again.",
  "mqtt/subscribe-refused":
    "The broker refused a subscription (`detail.reason`), or closed the connection each time it was asked for.",
  "mqtt/timeout":
    "The broker did not answer within `responseTimeoutMs`, so that the connection was given up.",
  "mqtt/too-long":
    "A message is longer than MQTT can carry, 268,435,455 bytes with its topic, or than this broker takes.",
  "mqtt/unreachable":
    "No connection to the broker could be opened. Check the address, the network and whether it runs.",
};
