import { concatBytes, encodeUtf8, equalBytes, fromHex } from "../base/index.ts";
import { FieldReader, FieldWriter } from "./native-bytes.ts";
import { firstByteOf, type NativeFrameType, typeOfFrame } from "./native-frame.ts";
import type { Seal } from "./native-seal.ts";

/** Who talks with whom: the node's address and the gateway's, 12 hexadecimal digits each. */
export interface NativePair {
  readonly node: string;
  readonly gateway: string;
}

/** The keys of one session. */
export interface SessionKeys {
  readonly uplink: Uint8Array;
  readonly downlink: Uint8Array;
}

/** What stands between a node and its gateway as long as the node's key does. */
export interface NodeKeys {
  /** 16 bytes. */
  readonly node: Uint8Array;
  /** Proves the key in hellos and welcomes. */
  readonly handshake: Uint8Array;
}

/** How many random bytes each side puts into a handshake. */
export const randomLength = 16;
/** How long a node's key is, in bytes. */
export const nodeKeyBytes = 16;
const macBytes = 8;
const none = new Uint8Array();

/** What a node's key comes with. */
export function deriveNodeKeys(seal: Seal, pair: NativePair, node: Uint8Array): NodeKeys {
  return { node, handshake: seal.derive(node, none, info("moteq 1 handshake", pair), 32) };
}

/** A hello. */
export function encodeHello(seal: Seal, keys: NodeKeys, random: Uint8Array): Uint8Array {
  return prove(seal, keys.handshake, "hello", random);
}

/** Whether a hello is of a node that has this key. */
export function isHelloOf(seal: Seal, keys: NodeKeys, hello: Uint8Array): boolean {
  return isProof(seal, keys.handshake, hello, "hello");
}

/** A welcome, and the session that it begins. */
export function encodeWelcome(
  seal: Seal,
  pair: NativePair,
  keys: NodeKeys,
  welcome: { readonly answered: Uint8Array; readonly random: Uint8Array; readonly nextNumber: number },
): { readonly frame: Uint8Array; readonly session: SessionKeys } {
  const { answered, random, nextNumber } = welcome;
  const start = new FieldWriter().u8(firstByteOf("welcome")).bytes(random).u16(nextNumber).finish();
  const transcript = seal.hash(concatBytes([answered, start]));
  const mac = seal.mac(keys.handshake, transcript).subarray(0, macBytes);
  return { frame: concatBytes([start, mac]), session: deriveSession(seal, pair, keys, transcript) };
}

/** Reads a welcome to the frame that was sent last; `undefined` if it is none, to another frame, or of another key. */
export function decodeWelcome(
  seal: Seal,
  pair: NativePair,
  keys: NodeKeys,
  answered: Uint8Array,
  frame: Uint8Array,
): { readonly nextNumber: number; readonly session: SessionKeys } | undefined {
  const startBytes = 1 + randomLength + 2;
  if (typeOfFrame(frame) !== "welcome" || frame.length !== startBytes + macBytes) return undefined;
  const start = frame.subarray(0, startBytes);
  const transcript = seal.hash(concatBytes([answered, start]));
  if (!equalBytes(seal.mac(keys.handshake, transcript).subarray(0, macBytes), frame.subarray(startBytes))) {
    return undefined;
  }
  const nextNumber = new FieldReader(start.subarray(1 + randomLength)).u16();
  return { nextNumber, session: deriveSession(seal, pair, keys, transcript) };
}

/** A join: the node proves that it knows the secret. */
export function encodeJoin(seal: Seal, pair: NativePair, secret: Uint8Array, random: Uint8Array): Uint8Array {
  return prove(seal, deriveJoinKey(seal, pair, secret), "join", random);
}

/** Whether a join is of a node that knows this secret. */
export function isJoinOf(seal: Seal, pair: NativePair, secret: Uint8Array, join: Uint8Array): boolean {
  return isProof(seal, deriveJoinKey(seal, pair, secret), join, "join");
}

/** The answer to a join, and the node's key, which both ends make of the secret. */
export function encodeJoined(
  seal: Seal,
  pair: NativePair,
  secret: Uint8Array,
  join: Uint8Array,
  random: Uint8Array,
): { readonly frame: Uint8Array; readonly keys: NodeKeys } {
  const start = concatBytes([Uint8Array.of(firstByteOf("joined")), random]);
  const transcript = seal.hash(concatBytes([join, start]));
  const keys = deriveJoinedKeys(seal, pair, secret, transcript);
  return { frame: concatBytes([start, seal.mac(keys.handshake, transcript).subarray(0, macBytes)]), keys };
}

/** Reads the answer to a join; `undefined` if it is none, to another join, or of another secret. */
export function decodeJoined(
  seal: Seal,
  pair: NativePair,
  secret: Uint8Array,
  join: Uint8Array,
  frame: Uint8Array,
): NodeKeys | undefined {
  const startBytes = 1 + randomLength;
  if (typeOfFrame(join) !== "join" || typeOfFrame(frame) !== "joined") return undefined;
  if (frame.length !== startBytes + macBytes) return undefined;
  const transcript = seal.hash(concatBytes([join, frame.subarray(0, startBytes)]));
  const keys = deriveJoinedKeys(seal, pair, secret, transcript);
  const mac = seal.mac(keys.handshake, transcript).subarray(0, macBytes);
  return equalBytes(mac, frame.subarray(startBytes)) ? keys : undefined;
}

function deriveSession(seal: Seal, pair: NativePair, keys: NodeKeys, transcript: Uint8Array): SessionKeys {
  const both = seal.derive(keys.node, transcript, info("moteq 1 session", pair), 32);
  return { uplink: both.slice(0, 16), downlink: both.slice(16) };
}

function deriveJoinKey(seal: Seal, pair: NativePair, secret: Uint8Array): Uint8Array {
  return seal.derive(secret, none, info("moteq 1 join", pair), 32);
}

function deriveJoinedKeys(
  seal: Seal,
  pair: NativePair,
  secret: Uint8Array,
  transcript: Uint8Array,
): NodeKeys {
  const node = seal.derive(secret, transcript, info("moteq 1 node key", pair), nodeKeyBytes);
  return deriveNodeKeys(seal, pair, node);
}

function prove(seal: Seal, key: Uint8Array, type: NativeFrameType, random: Uint8Array): Uint8Array {
  const start = concatBytes([Uint8Array.of(firstByteOf(type)), random]);
  return concatBytes([start, seal.mac(key, start).subarray(0, macBytes)]);
}

function isProof(seal: Seal, key: Uint8Array, frame: Uint8Array, type: NativeFrameType): boolean {
  const startBytes = 1 + randomLength;
  if (typeOfFrame(frame) !== type || frame.length !== startBytes + macBytes) return false;
  const mac = seal.mac(key, frame.subarray(0, startBytes)).subarray(0, macBytes);
  return equalBytes(mac, frame.subarray(startBytes));
}

function info(purpose: string, { node, gateway }: NativePair): Uint8Array {
  return concatBytes([encodeUtf8(purpose), fromHex(node) ?? none, fromHex(gateway) ?? none]);
}
