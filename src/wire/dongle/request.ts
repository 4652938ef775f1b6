import { concatBytes, fromHex, toHex } from "../../base/index.ts";

/** How a dongle's radio is to be set up. */
export interface DongleSetup {
  /** 1 … 14. */
  readonly channel: number;
  /** Which of the chip's two WiFi interfaces nodes speak with: ESP8266 nodes need the access point's. */
  readonly accessPoint: boolean;
  /** Whether it speaks Espressif's long-range rate, which only ESP32 nodes set to the same understand. */
  readonly longRange: boolean;
  /** Transmit power in dBm, 2 … 20; `undefined` leaves it as it is. */
  readonly power: number | undefined;
  /** The address it is to have, 12 hexadecimal digits; `undefined` leaves it the chip's own. */
  readonly address: string | undefined;
}

/** What a host asks of a dongle. */
export type DongleRequest =
  /** Set the radio up; answered by `ready`. Until then it neither sends nor hears. */
  | { readonly type: "set-up"; readonly setup: DongleSetup }
  /** Put a frame on the air; answered by `result` with the same tag. */
  | { readonly type: "send"; readonly tag: number; readonly destination: string; readonly bytes: Uint8Array }
  /** Say what was counted; answered by `statistics`. */
  | { readonly type: "count" }
  /** Restart the chip, and run the dongle's program again or stop at MicroPython's prompt; not answered. */
  | { readonly type: "restart"; readonly toPrompt: boolean };

const codes = { "set-up": 1, send: 2, count: 3, restart: 4 } as const;
const asItIs = 127;
const ownAddress = "000000000000";
const setUpBytes = 10;
/** How many bytes a `send` has before those of the frame. */
export const dongleSendHeaderBytes = 9;

/** Writes what a host asks; a message of the serial wire. */
export function encodeDongleRequest(request: DongleRequest): Uint8Array {
  const { type } = request;
  if (type === "set-up") {
    const { channel, accessPoint, longRange, power = asItIs, address = ownAddress } = request.setup;
    const flags = toFlags(accessPoint, longRange);
    return concatBytes([Uint8Array.of(codes[type], channel, flags, power), toBytes(address)]);
  }
  if (type === "send") {
    const { tag, destination, bytes } = request;
    return concatBytes([Uint8Array.of(codes[type], tag >> 8, tag), toBytes(destination), bytes]);
  }
  if (type === "restart") return Uint8Array.of(codes[type], Number(request.toPrompt));
  return Uint8Array.of(codes[type]);
}

/** Reads what a host asks; `undefined` if it is none of these. Never throws. */
export function decodeDongleRequest(message: Uint8Array): DongleRequest | undefined {
  const [code, second = 0, third = 0, fourth = 0] = message;
  switch (code) {
    case codes["set-up"]: {
      if (message.length !== setUpBytes) return undefined;
      const address = toHex(message.subarray(4));
      const setup = {
        channel: second,
        ...fromFlags(third),
        power: fourth === asItIs ? undefined : toSigned(fourth),
        address: address === ownAddress ? undefined : address,
      };
      return { type: "set-up", setup };
    }
    case codes.send: {
      if (message.length <= dongleSendHeaderBytes) return undefined;
      const destination = toHex(message.subarray(3, dongleSendHeaderBytes));
      const bytes = message.subarray(dongleSendHeaderBytes);
      return { type: "send", tag: second * 256 + third, destination, bytes };
    }
    case codes.count:
      return message.length === 1 ? { type: "count" } : undefined;
    case codes.restart:
      return message.length === 2 ? { type: "restart", toPrompt: second !== 0 } : undefined;
    default:
      return undefined;
  }
}

/** Both interfaces' and rates' bits, the same in `set-up` and `ready`. */
export function toFlags(accessPoint: boolean, longRange: boolean): number {
  return Number(accessPoint) + 2 * Number(longRange);
}

export function fromFlags(flags: number): { accessPoint: boolean; longRange: boolean } {
  return { accessPoint: (flags & 1) !== 0, longRange: (flags & 2) !== 0 };
}

/** A byte as a number from −128 to 127. */
export function toSigned(byte: number): number {
  return byte > 127 ? byte - 256 : byte;
}

/** An address's six bytes; zeros if it is none. */
export function toBytes(address: string): Uint8Array {
  const bytes = fromHex(address);
  return bytes?.length === 6 ? bytes : new Uint8Array(6);
}
