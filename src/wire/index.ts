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
export {
  decodeDongleReport,
  type DongleOutcome,
  type DongleReport,
  type DongleStatistics,
  encodeDongleReport,
} from "./dongle/report.ts";
export {
  decodeDongleRequest,
  type DongleRequest,
  dongleSendHeaderBytes,
  type DongleSetup,
  encodeDongleRequest,
} from "./dongle/request.ts";
