import { concatBytes, decodeUtf8, encodeUtf8 } from "../../base/index.ts";

// A native command is the command `call`, one message of mqrepl's, whose body is:
//
//   1   version: 1
//   1   1 if signed, else 0
//   16  the board's session, which it chooses anew at each start
//   8   the caller, chosen at random
//   4   the number of this call of this caller, big-endian, from 1; each higher than the one before
//   32  the Ed25519 public key     } only if signed
//   64  the signature              }
//   …   the request, JSON
//
// What is signed is the text "moteq call", a NUL, the topic, a NUL, and the body without the signature: the topic names the
// board and the answer's id, the session this run of the board, the number this call. No command can be brought twice.

/** A native command as it comes to a board. */
export interface BoardCall {
  /** 16 bytes. */
  readonly session: Uint8Array;
  /** 8 bytes. */
  readonly caller: Uint8Array;
  /** 1 … 2³² − 1. */
  readonly number: number;
  readonly request: string;
}

/** A {@link BoardCall}, and whose signature it has. */
export interface DecodedCall extends BoardCall {
  readonly proof:
    | {
        /** 32 bytes. */
        readonly publicKey: Uint8Array;
        /** 64 bytes. */
        readonly signature: Uint8Array;
        /** What has to be signed. */
        readonly message: Uint8Array;
      }
    | undefined;
}

/** The command by which native requests come. An original board answers that it does not support it. */
export const callCommand = "call";

const version = 1;
const plainLength = 30;
const signedLength = plainLength + 96;

/** Makes the body of a call; with a signer it is signed for this topic. */
export function encodeCall(
  topic: string,
  call: BoardCall,
  signer?: { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array },
): Uint8Array {
  const head = new Uint8Array(plainLength);
  head[0] = version;
  head[1] = signer ? 1 : 0;
  head.set(call.session, 2);
  head.set(call.caller, 18);
  new DataView(head.buffer).setUint32(26, call.number);
  const request = encodeUtf8(call.request);
  if (!signer) return concatBytes([head, request]);
  const signature = signer.sign(toSignedMessage(topic, [head, signer.publicKey, request]));
  return concatBytes([head, signer.publicKey, signature, request]);
}

/** The call in a body, or what is wrong with it, in words. A signature is taken apart here, not checked. */
export function decodeCall(topic: string, body: Uint8Array): DecodedCall | { readonly fault: string } {
  const [found, signed] = body;
  if (found !== version) return { fault: `has version ${found ?? "(none)"}, not ${version}` };
  if (signed !== 0 && signed !== 1) return { fault: "has flags that mean nothing" };
  const length = signed === 1 ? signedLength : plainLength;
  if (body.length < length) return { fault: `has ${body.length} bytes, at least ${length} are needed` };
  const request = decodeUtf8(body, length);
  if (request === undefined) return { fault: "holds a request that is no UTF-8" };
  const call = {
    session: body.slice(2, 18),
    caller: body.slice(18, 26),
    number: new DataView(body.buffer, body.byteOffset).getUint32(26),
    request,
  };
  if (signed === 0) return { ...call, proof: undefined };
  const publicKey = body.slice(30, 62);
  const message = toSignedMessage(topic, [body.subarray(0, 30), publicKey, body.subarray(length)]);
  return { ...call, proof: { publicKey, signature: body.slice(62, 126), message } };
}

function toSignedMessage(topic: string, parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes([encodeUtf8(`moteq call\0${topic}\0`), ...parts]);
}
