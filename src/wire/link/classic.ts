import { concatBytes, decodeUtf8, encodeUtf8 } from "../../base/index.ts";
import { initFromTuple } from "./init.ts";
import type { LinkFault, LinkAnswer, LinkRequest, MalformedLink } from "./messages.ts";

/** Between the fields of a classic string. */
const separator = "\u007f";
/** Classic clocks count from 2000-01-01. */
const year2000 = 946_684_800;
/** From so many fields of `init` on, the host takes a third field behind topic and message: whether it was retained. */
const bridgeFields = 18;

/**
 * Reads a string of a classic host: a letter or word and its fields, parted by U+007F. Never throws.
 *
 * Flags are told from their text; the classic modem took every one of them for true.
 */
export function decodeClassicLink(bytes: Uint8Array): LinkRequest | MalformedLink {
  // A host that counts characters and not bytes may send any: each byte is one then.
  const text = decodeUtf8(bytes) ?? String.fromCharCode(...bytes.subarray(0, 4096));
  const fields = text.split(separator);
  const [command = "", topic = "", message = "", retainText = "", qosText = "0"] = fields;
  const retain = flags[retainText];
  switch (command) {
    case "w":
    case "p": {
      const qos = qosOf[qosText];
      if (fields.length !== 5 || topic === "" || retain === undefined || qos === undefined) {
        return malformed("bad-fields", text);
      }
      const publication = { topic, payload: encodeUtf8(message), retain, qos };
      return command === "w" ? { type: "will", ...publication } : { type: "publish", id: 0, ...publication };
    }
    case "s": {
      const qos = qosOf[message === "" ? "0" : message];
      if (fields.length > 3 || topic === "" || qos === undefined) return malformed("bad-fields", text);
      return { type: "subscribe", filter: topic, qos };
    }
    case "init": {
      const tuple = initFromTuple(fields);
      return tuple ? { type: "init", init: tuple.init, fields: fields.length } : malformed("bad-init", text);
    }
    case "1":
      return { type: "go-ahead" };
    case "i":
      return { type: "time" };
    case "m":
      return { type: "command", words: ["mem"] };
    default:
      return malformed("unknown", text);
  }
}

/**
 * Writes what a classic host is told; `undefined` for what it has no words for, or what its wire cannot carry.
 *
 * @param fields how many the host's `init` had
 * @param sevenBit whether characters above U+007E would be damaged on the wire
 */
export function encodeClassicAnswer(
  reply: LinkAnswer,
  fields: number,
  sevenBit: boolean,
): Uint8Array | undefined {
  switch (reply.type) {
    case "status":
      return encodeUtf8(reply.text === "" ? join("t", reply.status) : join("t", reply.status, reply.text));
    case "published":
      return encodeUtf8(join("t", 4));
    case "time":
      return encodeUtf8(join("i", reply.time === 0 ? 0 : Math.floor(reply.time / 1000) - year2000));
    case "memory":
      return encodeUtf8(join("m", reply.free, reply.allocated));
    default: {
      const retained = fields >= bridgeFields ? separator + (reply.retained ? "True" : "False") : "";
      const topic = encodeUtf8(reply.topic);
      if (!isSendable(topic, sevenBit) || !isSendable(reply.payload, sevenBit)) return undefined;
      const mark = encodeUtf8(separator);
      return concatBytes([encodeUtf8("u"), mark, topic, mark, reply.payload, encodeUtf8(retained)]);
    }
  }
}

const flags: Readonly<Record<string, boolean | undefined>> = { 0: false, 1: true, False: false, True: true };
const qosOf: Readonly<Record<string, 0 | 1 | 2 | undefined>> = { 0: 0, 1: 1, 2: 2 };

function join(...fields: (string | number)[]): string {
  return fields.join(separator);
}

/** No end of string, no separator, and on five wires nothing above seven bits. */
function isSendable(bytes: Uint8Array, sevenBit: boolean): boolean {
  return bytes.every((byte) => byte > 0 && byte !== 0x7f && (byte < 0x80 || !sevenBit));
}

function malformed(fault: LinkFault, received: string): MalformedLink {
  return { type: "malformed", fault, received: received.slice(0, 60) };
}
