import { type MoteqError, show } from "../base/index.ts";
import { encodePacket } from "./encode.ts";
import { mqttErrors, reasonError, type ReasonOf } from "./errors.ts";
import type { PropertiesOf } from "./properties.ts";
import type { Publication } from "./publication.ts";

/** Why a broker does not take a message, if it has said so in its CONNACK (MQTT 5, 3.2.2.3). */
export function faultFor(
  publication: Publication,
  server: PropertiesOf["connack"],
  reasonOf: ReasonOf,
): MoteqError | undefined {
  const { maximumQoS = 2, retainAvailable = true, maximumPacketSize } = server;
  const { qos, retain, topic, payload } = publication;
  const refusal = qos > maximumQoS ? 0x9b : retain && !retainAvailable ? 0x9a : 0;
  if (refusal > 0) {
    const what = `the broker cannot take the message to ${show(topic)}`;
    return reasonError(reasonOf, "mqtt/message-refused", what, refusal);
  }
  // Only what may be too long is measured.
  if (!maximumPacketSize || (topic.length + payload.length) * 3 + 1000 < maximumPacketSize) return undefined;
  if (encodePacket(publication, 5).length <= maximumPacketSize) return undefined;
  const message = `the broker takes at most ${maximumPacketSize} bytes in a packet, and this message needs more`;
  return mqttErrors.create("mqtt/too-long", message);
}
