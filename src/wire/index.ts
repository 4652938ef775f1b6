/**
 * Codecs, pure and in pairs: what goes over the air, byte for byte.
 *
 * @module
 */
export {
  type BoardCall,
  callCommand,
  decodeCall,
  type DecodedCall,
  decodeFault,
  encodeCall,
  encodeFault,
  isTrusted,
  toImageMessage,
} from "./board/call.ts";
export {
  classicAckEvery,
  classicCommandBytes,
  classicDone,
  classicReplyBytes,
  classicWindow,
  decodeAck,
  encodeAck,
  watchdogId,
} from "./board/classic.ts";
export {
  type BoardPacket,
  decodeBoardPacket,
  encodeBoardPacket,
  highestSequence,
  PacketOrder,
  splitIntoPackets,
  uncounted,
} from "./board/packet.ts";
export {
  type BoardCommand,
  boardCommands,
  type BoardRequest,
  decodeBoardRequest,
  encodeBoardRequest,
  type ResetMode,
} from "./board/request.ts";
export {
  type BoardEntry,
  type BoardInfo,
  type BoardSlot,
  type CrashReport,
  decodeBoardEntry,
  decodeBoardInfo,
  decodeCrashReport,
  decodePartsProgress,
  type PartsProgress,
} from "./board/results.ts";
export {
  type CommandTopic,
  decodeCommandTopic,
  decodeReplyTopic,
  encodeCommandTopic,
  encodeReplyTopic,
  parsePartTail,
  type ReplyKind,
  toBoardBase,
  toCommandId,
  toInfoTopic,
  toLogTopic,
  toPartTail,
} from "./board/topics.ts";
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
