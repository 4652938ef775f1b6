/**
 * Codecs, pure and in pairs: what goes over the air, byte for byte.
 *
 * @module
 */
export { type BoardCall, callCommand, decodeCall, type DecodedCall, encodeCall } from "./board/call.ts";
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
export { decodeFault, encodeFault } from "./board/fault.ts";
export { toImageMessage } from "./board/image.ts";
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
  type BoardLogLevel,
  boardLogLevels,
  type BoardRequest,
  decodeBoardRequest,
  encodeBoardRequest,
  isBoardLogLevel,
  isResetMode,
  type ResetMode,
} from "./board/request.ts";
export {
  type BoardEntry,
  type BoardInfo,
  type BoardSlot,
  type CrashReport,
  type IgnoredReason,
  decodeBoardEntry,
  decodeBoardInfo,
  decodeCrashReport,
  decodePartsProgress,
  type PartsProgress,
} from "./board/results.ts";
export {
  boardTopicRule,
  type CommandTopic,
  decodeCommandTopic,
  decodeReplyTopic,
  encodeCommandTopic,
  encodeReplyTopic,
  isBoardTopic,
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
export { toLatin1 } from "./classic-text.ts";
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
export { nonceBytes, openCcm, sealCcm, tagBytes } from "./aes-ccm.ts";
export {
  decodeDownlinkBody,
  decodeJoinedDelivery,
  type DownlinkBody,
  type DownlinkItem,
  encodeDownlinkBody,
  encodeJoinedDelivery,
  type ItemDelay,
  type ItemRefusal,
  type NativeDelivery,
  type ReplyHead,
} from "./native-downlink.ts";
export {
  downlinkOverhead,
  encodeDownlinkHeader,
  encodeUplinkHeader,
  isNativeFrame,
  type NativeFrameType,
  nativeVersion,
  nonceOf,
  type SealedFrame,
  splitDownlink,
  splitUplink,
  typeOfFrame,
  uplinkOverhead,
} from "./native-frame.ts";
export { createJoinCode, openJoinSecret, secretOfCode } from "./native-code.ts";
export {
  decodeJoined,
  decodeWelcome,
  deriveNodeKeys,
  encodeHello,
  encodeJoin,
  encodeJoined,
  encodeWelcome,
  isHelloOf,
  isJoinOf,
  type NativePair,
  type NodeKeys,
  nodeKeyBytes,
  randomLength,
  type SessionKeys,
} from "./native-keys.ts";
export { cutParts, hasPart, PartSet } from "./native-parts.ts";
export { nobleSeal, type Seal } from "./native-seal.ts";
export { fitsNativeTopic, maximumAlias, maximumTopicBytes, type NativeTopic } from "./native-topic.ts";
export {
  decodeItem,
  encodeItem,
  type NativeEnergy,
  type NativeMessage,
  type NumberedItem,
} from "./native-item.ts";
export {
  assembleUplink,
  type CannotTake,
  decodeUplinkBody,
  encodeUplinkBody,
  type PartsThere,
  type UplinkBody,
} from "./native-uplink.ts";
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
export { type Level, longestString, SynCom, type SynComLines, type SynComOutput } from "./syncom.ts";
export { decodeSevenBit, encodeSevenBit, isSevenBit } from "./seven-bit.ts";
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
