// mqrepl's messages, both ways: two bytes, big-endian, then the body. Bit 15 says "the last message", the others count
// from 0. An answer of one message carries the highest number, which says "there is nothing to count".

/** The number of an answer that is one message. */
export const uncounted = 0x7fff;
/** The highest number of a message that is counted: a command or answer has at most 32,767 messages. */
export const highestSequence = 0x7ffe;

/** One message of a command or of an answer. */
export interface BoardPacket {
  /** 0 … 32,766, or {@link uncounted}. */
  readonly sequence: number;
  readonly last: boolean;
  readonly body: Uint8Array;
}

/** The payload of one message. */
export function encodeBoardPacket({ sequence, last, body }: BoardPacket): Uint8Array {
  const bytes = new Uint8Array(2 + body.length);
  bytes[0] = (last ? 0x80 : 0) | ((sequence >> 8) & 0x7f);
  bytes[1] = sequence & 0xff;
  bytes.set(body, 2);
  return bytes;
}

/** The packet in a payload; `undefined` if it is too short to be one. */
export function decodeBoardPacket(payload: Uint8Array): BoardPacket | undefined {
  if (payload.length < 2) return undefined;
  const [high = 0, low = 0] = payload;
  return { sequence: ((high & 0x7f) << 8) | low, last: high >= 0x80, body: payload.subarray(2) };
}

/**
 * A body as the messages of a command: at most `size` bytes each, the last one marked. An empty body is one empty
 * message.
 *
 * @param size bytes of body in a message; the original program sends 1400
 */
export function* splitIntoPackets(body: Uint8Array, size: number): Generator<BoardPacket> {
  for (let offset = 0, sequence = 0; sequence === 0 || offset < body.length; offset += size, sequence++) {
    const last = offset + size >= body.length;
    yield { sequence, last, body: body.subarray(offset, offset + size) };
  }
}

/**
 * What the next packet of a series is:
 *
 * - `next`: the one that was expected; `repeated`: one that was taken already (QoS 1 may bring it twice);
 * - `gap`: one after a packet that did not come.
 */
export type PacketPlace = "next" | "repeated" | "gap";

/** Keeps the order of one series of packets. */
export class PacketOrder {
  /** The number of the packet that is to come next. */
  expected = 0;

  place(packet: BoardPacket): PacketPlace {
    if (packet.sequence === uncounted) return "next";
    if (packet.sequence === this.expected) {
      this.expected++;
      return "next";
    }
    return packet.sequence < this.expected ? "repeated" : "gap";
  }
}
