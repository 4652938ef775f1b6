import { type MoteqError, show } from "../base/index.ts";
import { mqttErrors, reasonError, type ReasonOf } from "./errors.ts";
import { type AcknowledgementPacket, firstFailure } from "./packets.ts";
import type { Publication } from "./publication.ts";
import type { Request } from "./requests.ts";

/** Whether an acknowledgement says no (MQTT 5, 2.4). */
export function isRefusal({ reasonCode = 0 }: AcknowledgementPacket): boolean {
  return reasonCode >= firstFailure;
}

/** The error for a message that the broker refused with a reason. */
export function refusalOf(
  { topic }: Publication,
  { reasonCode = 0, properties }: AcknowledgementPacket,
  reasonOf: ReasonOf,
): MoteqError {
  const what = `the broker refused the message to ${show(topic)}`;
  return reasonError(reasonOf, "mqtt/message-refused", what, reasonCode, properties);
}

/** The error for what made the broker close the connection so many times in a row that it is given up. */
export function givenUp(refused: Publication | Request, refusals: number): MoteqError {
  const isMessage = refused.type === "publish";
  const what = isMessage
    ? `the message to ${show(refused.topic)}`
    : `the ${refused.type} to ${show(refused.subscriptions[0]?.filter)}`;
  return mqttErrors.create(
    isMessage ? "mqtt/message-refused" : "mqtt/subscribe-refused",
    `${what} made the broker close the connection ${refusals} times in a row: it is given up`,
    { detail: { refusals } },
  );
}
