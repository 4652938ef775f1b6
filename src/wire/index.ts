/**
 * Codecs, pure and in pairs: what goes over the air, byte for byte.
 *
 * @module
 */
export {
  type ClassicDialect,
  type ClassicDownlink,
  decodeClassicDownlink,
  type Delivery,
  encodeChannelReply,
  encodeDelivery,
  encodeLinkReply,
  encodePrototypeReply,
  type LinkReply,
  type PrototypeReply,
} from "./classic-downlink.ts";
export { maximumParts, nameOfPart, parsePartName, PartJoiner } from "./classic-parts.ts";
export {
  type ClassicCommand,
  type ClassicFault,
  type ClassicUplink,
  decodeClassicUplink,
  encodeClassicUplink,
  encodePublication,
  type MalformedUplink,
  type Publication,
} from "./classic-uplink.ts";
export { decodeClassicLink, encodeClassicAnswer } from "./link/classic.ts";
export { checkInit, initFromTuple, type TupleInit } from "./link/init.ts";
export type {
  LinkAnswer,
  LinkFault,
  LinkInit,
  LinkPublication,
  LinkRequest,
  MalformedLink,
} from "./link/messages.ts";
export {
  decodeLinkAnswer,
  decodeLinkRequest,
  encodeLinkAnswer,
  encodeLinkRequest,
  isNativeLink,
} from "./link/native.ts";
export {
  SerialChannel,
  type SerialChannelOptions,
  type SerialChannelOutput,
  type SerialDown,
  type SerialDrop,
  type SerialSend,
} from "./serial/channel.ts";
export { SerialConnection, type SerialConnectionOptions } from "./serial/connection.ts";
export {
  encodeSerialFrame,
  longestSerialFrame,
  type SerialFault,
  SerialFrameReader,
} from "./serial/frame.ts";
export {
  decodeSerialPacket,
  encodeSerialPacket,
  type SerialHello,
  type SerialPacket,
  serialVersion,
} from "./serial/packet.ts";
export { type Level, SynCom, type SynComLines, type SynComOutput } from "./syncom.ts";
export { decodeSevenBit, encodeSevenBit, isSevenBit } from "./seven-bit.ts";
