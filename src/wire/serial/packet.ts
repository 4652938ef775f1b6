import { concatBytes, decodeUtf8, encodeUtf8, utf8Length } from "../../base/index.ts";

/** The version of the serial wire that this code speaks. */
export const serialVersion = 1;

/** Who somebody on a serial wire is, and what can be sent to it. */
export interface SerialHello {
  /** The highest version it speaks, 1 … 255; the lower of both counts. */
  readonly version: number;
  /** Drawn at random at each start, 1 … 2³² − 1: another one means that the other end knows nothing any more. */
  readonly instance: number;
  /** The instance of the other end as far as it is known, else 0. */
  readonly echo: number;
  /** How many data packets it takes before it has acknowledged the first, 1 … 127. */
  readonly window: number;
  /** How many bytes of a message it takes in one packet, 1 … 65,535. */
  readonly maximumData: number;
  /** The longest message it takes, in bytes, in however many packets. */
  readonly maximumMessage: number;
  /** What it is and can, as words of text: `link/1 modem`. At most 200 bytes. */
  readonly about: string;
}

/** What one frame of a serial wire says. */
export type SerialPacket =
  /** Here I am; to be answered by a welcome. */
  | ({ readonly type: "hello" } & SerialHello)
  /** The answer to a hello. */
  | ({ readonly type: "welcome" } & SerialHello)
  /** A message, or with `more` a part of one that goes on in the next. */
  | {
      readonly type: "data";
      readonly more: boolean;
      /** Counts data packets, 0 … 255 and round again. */
      readonly sequence: number;
      /** The sequence number that is expected next: everything before it has come. */
      readonly expected: number;
      readonly bytes: Uint8Array;
    }
  /** Everything before `expected` has come; `repeat`: what follows it has not, send it again; `poll`: say the same. */
  | { readonly type: "acknowledge" | "repeat" | "poll"; readonly expected: number };

const codes = { hello: 1, welcome: 2, data: 3, part: 4, acknowledge: 5, repeat: 6, poll: 7 } as const;
const helloBytes = 17;
const longestAbout = 200;

/** How many bytes a data packet has before those of the message. */
export const dataHeaderBytes = 3;
/** The longest packet that is no data, in bytes. */
export const longestHello = helloBytes + longestAbout;

/** Writes a packet: the content of a frame. An `about` that is too long is cut. */
export function encodeSerialPacket(packet: SerialPacket): Uint8Array {
  switch (packet.type) {
    case "hello":
    case "welcome":
      return encodeHello(codes[packet.type], packet);
    case "data": {
      const content = new Uint8Array(dataHeaderBytes + packet.bytes.length);
      content[0] = packet.more ? codes.part : codes.data;
      content[1] = packet.sequence;
      content[2] = packet.expected;
      content.set(packet.bytes, dataHeaderBytes);
      return content;
    }
    default:
      return Uint8Array.of(codes[packet.type], packet.expected);
  }
}

/** Reads the content of a frame; `undefined` if it is none of these packets. Never throws. */
export function decodeSerialPacket(content: Uint8Array): SerialPacket | undefined {
  const first = content[1] ?? 0;
  const second = content[2] ?? 0;
  switch (content[0]) {
    case codes.hello:
      return decodeHello("hello", content);
    case codes.welcome:
      return decodeHello("welcome", content);
    case codes.data:
    case codes.part:
      if (content.length < dataHeaderBytes) return undefined;
      return {
        type: "data",
        more: content[0] === codes.part,
        sequence: first,
        expected: second,
        bytes: content.subarray(dataHeaderBytes),
      };
    case codes.acknowledge:
      return content.length === 2 ? { type: "acknowledge", expected: first } : undefined;
    case codes.repeat:
      return content.length === 2 ? { type: "repeat", expected: first } : undefined;
    case codes.poll:
      return content.length === 2 ? { type: "poll", expected: first } : undefined;
    default:
      return undefined;
  }
}

function encodeHello(code: number, hello: SerialHello): Uint8Array {
  let { about } = hello;
  while (utf8Length(about) > longestAbout) about = about.slice(0, -1);
  const head = new DataView(new ArrayBuffer(helloBytes));
  head.setUint8(0, code);
  head.setUint8(1, hello.version);
  head.setUint32(2, hello.instance);
  head.setUint32(6, hello.echo);
  head.setUint8(10, hello.window);
  head.setUint16(11, hello.maximumData);
  head.setUint32(13, hello.maximumMessage);
  return concatBytes([new Uint8Array(head.buffer), encodeUtf8(about)]);
}

function decodeHello(type: "hello" | "welcome", content: Uint8Array): SerialPacket | undefined {
  if (content.length < helloBytes || content.length > longestHello) return undefined;
  const head = new DataView(content.buffer, content.byteOffset);
  const about = decodeUtf8(content, helloBytes);
  const hello = {
    version: head.getUint8(1),
    instance: head.getUint32(2),
    echo: head.getUint32(6),
    window: head.getUint8(10),
    maximumData: head.getUint16(11),
    maximumMessage: head.getUint32(13),
  };
  const { version, instance, window, maximumData } = hello;
  if (about === undefined || version === 0 || instance === 0) return undefined;
  if (window === 0 || window > 127 || maximumData === 0) return undefined;
  return { type, ...hello, about };
}
