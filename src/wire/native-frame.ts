import { FieldReader, FieldWriter } from "./native-bytes.ts";

/** What a native frame is for; the number is its type on the air. */
export const nativeFrameTypes = {
  uplink: 0,
  downlink: 1,
  hello: 2,
  welcome: 3,
  join: 4,
  joined: 5,
} as const;

/** The kinds of native frames. */
export type NativeFrameType = keyof typeof nativeFrameTypes;

/** The version of the native dialect that this code speaks. */
export const nativeVersion = 1;

/** What the sealing of an uplink takes of its frame, in bytes. */
export const uplinkOverhead = 13;
/** What the sealing of a downlink takes of its frame, in bytes. */
export const downlinkOverhead = 11;

const [first, last] = [0x80, 0xbf];

/** Whether a frame is of the native dialect, of whatever version: its first byte begins no UTF-8 text. */
export function isNativeFrame(bytes: Uint8Array): boolean {
  const byte = bytes[0] ?? 0;
  return byte >= first && byte <= last;
}

/** The first byte of a frame. */
export function firstByteOf(type: NativeFrameType): number {
  return first | (nativeVersion << 3) | nativeFrameTypes[type];
}

/** The type of a frame of this version; `undefined` if it is of another version, or none. */
export function typeOfFrame(bytes: Uint8Array): NativeFrameType | undefined {
  const byte = bytes[0] ?? 0;
  if (!isNativeFrame(bytes) || ((byte >> 3) & 7) !== nativeVersion) return undefined;
  return types[byte & 7];
}

const types: readonly (NativeFrameType | undefined)[] = Object.keys(nativeFrameTypes) as NativeFrameType[];

/** The clear beginning of an uplink; the sealed body follows. */
export function encodeUplinkHeader(counter: number): Uint8Array {
  return new FieldWriter().u8(firstByteOf("uplink")).u32(counter).finish();
}

/** The clear beginning of a downlink; the sealed body follows. */
export function encodeDownlinkHeader(counter: number, index: number): Uint8Array {
  return new FieldWriter()
    .u8(firstByteOf("downlink"))
    .u8(counter & 0xff)
    .u8(index)
    .finish();
}

/** A sealed frame taken apart. */
export interface SealedFrame {
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Takes an uplink apart; `undefined` if it is too short. */
export function splitUplink(bytes: Uint8Array): (SealedFrame & { readonly counter: number }) | undefined {
  const parts = split(bytes, 5, uplinkOverhead);
  if (!parts) return undefined;
  const reader = new FieldReader(parts.header);
  reader.u8();
  return { ...parts, counter: reader.u32() };
}

/** Takes a downlink apart; `undefined` if it is too short. */
export function splitDownlink(
  bytes: Uint8Array,
): (SealedFrame & { readonly counterByte: number; readonly index: number }) | undefined {
  const parts = split(bytes, 3, downlinkOverhead);
  if (!parts) return undefined;
  const [, counterByte = 0, index = 0] = parts.header;
  return { ...parts, counterByte, index };
}

function split(bytes: Uint8Array, headerBytes: number, overhead: number): SealedFrame | undefined {
  if (bytes.length < overhead) return undefined;
  return { header: bytes.subarray(0, headerBytes), sealed: bytes.subarray(headerBytes) };
}

/** The nonce of a sealed frame: 13 bytes. */
export function nonceOf(counter: number, index: number): Uint8Array {
  const nonce = new Uint8Array(13);
  nonce.set(new FieldWriter().u32(counter).u8(index).finish());
  return nonce;
}
