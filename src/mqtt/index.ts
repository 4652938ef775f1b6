/**
 * The MQTT client: packets, a pure session, and a thin client that owns time and the connection. Runs wherever there
 * is a clock, randomness and a byte port.
 *
 * @module
 */
export {
  connect,
  MqttClient,
  type MqttClientStats,
  type PublishOptions,
  type SubscribeOptions,
} from "./client.ts";
export { decodePacket, type MalformedPacket, type MalformedReason } from "./decode.ts";
export { encodePacket, PacketWriter } from "./encode.ts";
export { describeRefusal, mqttErrors } from "./errors.ts";
export type { Message, MessageHandler } from "./message.ts";
export type { MqttClientOptions } from "./options.ts";
export type {
  AcknowledgementPacket,
  ConnackPacket,
  ConnectPacket,
  OutgoingPacket,
  Packet,
  PlainPacket,
  PublishPacket,
  QoS,
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubscribePacket,
  WillMessage,
} from "./packets.ts";
export type { OfflinePolicy } from "./publish-queue.ts";
export { PacketReader, type PacketReaderOptions } from "./reader.ts";
export type { Status } from "./status.ts";
export type { Subscription } from "./subscription.ts";
