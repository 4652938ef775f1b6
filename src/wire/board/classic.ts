import { decodeUtf8, encodeUtf8 } from "../../base/index.ts";

/** What the original program puts into one message of a command, in bytes of body. */
export const classicCommandBytes = 1400;
/** What an original board puts into one message of an answer, in bytes of body. */
export const classicReplyBytes = 2800;
/** How many messages may be on their way before an original board's acknowledgement is awaited. */
export const classicWindow = 16;
/** An original board acknowledges each message whose number is a multiple of this. */
export const classicAckEvery = 8;
/** How a file that was taken is answered. */
export const classicDone = "OK";
/** The id of the command by which a board feeds its own watchdog. */
export const watchdogId = "0F00D";

/** "So far I have message `sequence`", from a board that takes a long file or image. */
export function encodeAck(sequence: number): Uint8Array {
  return encodeUtf8(`SEQ ${sequence}`);
}

/** The number in an acknowledgement; `undefined` if the body is none. It is shorter than 10 bytes by definition. */
export function decodeAck(body: Uint8Array): number | undefined {
  if (body.length >= 10 || body.length < 5) return undefined;
  const [, digits] = /^SEQ (\d{1,5})$/.exec(decodeUtf8(body) ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}
