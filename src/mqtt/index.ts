/**
 * The MQTT client: packets, a pure session, and a thin client that owns time and the connection. Runs wherever there
 * is a clock, randomness and a byte port.
 *
 * @module
 */
export type { QoS } from "../topics/index.ts";
export { connect, MqttClient } from "./client.ts";
export type { AcceptedMessage, PublishOptions, SubscribeOptions } from "./client-options.ts";
export type { MalformedReason } from "./body-reader.ts";
export type { DecodeRequest, MalformedPacket } from "./decode.ts";
export { decodeRequest } from "./decode-request.ts";
export { encodePacket, PacketWriter } from "./encode.ts";
export { mqttErrorMeanings } from "./error-meanings.ts";
export { type MqttErrorCode, mqttErrors } from "./errors.ts";
export type { Handover } from "./handover.ts";
export { type CreateKeeper, keepIn } from "./keeper.ts";
export type { Message, MessageHandler } from "./message.ts";
export type { MqttClientOptions } from "./options.ts";
export type {
  AcknowledgementPacket,
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DeliveryOptions,
  DisconnectPacket,
  MqttVersion,
  OutgoingPacket,
  Packet,
  PlainPacket,
  PublishPacket,
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
  WillMessage,
} from "./packets.ts";
export type { Properties, PropertiesOf } from "./properties.ts";
export type { OfflinePolicy } from "./publish-queue.ts";
export { publishStream, type PublishStreamOptions } from "./publish-stream.ts";
export { PacketReader, type PacketReaderOptions } from "./reader.ts";
export { type Reason, reasonNames, reasonOf } from "./reasons.ts";
export { Requester, type RequestOptions, respond } from "./requester.ts";
export type { MqttClientStats } from "./stats.ts";
export type { Status } from "./status.ts";
export {
  applyChange,
  MemorySessionStore,
  type SessionStore,
  type StoreChange,
  type StoredMessage,
  type StoredSession,
} from "./store.ts";
export type { Subscription } from "./subscription.ts";
export { openWebSocket, type WebSocketLike } from "./web-socket.ts";
