import type { AbortSignalLike } from "../base/index.ts";
import {
  classicAckEvery,
  classicCommandBytes,
  classicWindow,
  decodeAck,
  highestSequence,
  splitIntoPackets,
} from "../wire/index.ts";
import type { Conversation } from "./conversation.ts";
import { remoteErrors } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { Wakeup } from "./wakeup.ts";
import type { TransferOptions } from "./board.ts";

/** How many barriers may be unanswered while a file is put: two groups of messages are on their way. */
const barriersAhead = 2;

/**
 * An original board writes an image in blocks of 4096 bytes and loses what crosses the last border; parts of this size
 * never cross one.
 */
const imagePartBytes = 1024;

/**
 * Puts a file to a board that says nothing until the last message. The broker would take all at once and drop what does
 * not fit into its queue for the board; so after each few messages something harmless is evaluated, whose answer shows
 * that the board has got so far.
 */
export async function putClassic(
  exchange: Exchange,
  path: string,
  content: Uint8Array,
  options: TransferOptions,
): Promise<void> {
  assertCount(content.length, classicCommandBytes);
  const { signal, onProgress } = options;
  const put = exchange.begin({ command: "put", tail: path, isAck: isAcknowledgement, signal });
  const barriers: { readonly upTo: number; readonly passed: Promise<void> }[] = [];
  const pass = async () => {
    const barrier = barriers.shift();
    await Promise.race([barrier?.passed, put.done]);
    put.stayAlive();
    onProgress?.(barrier?.upTo ?? 0, content.length);
  };
  try {
    for (const packet of splitIntoPackets(content, classicCommandBytes)) {
      if (put.ended) break;
      put.send(packet);
      if (packet.last || packet.sequence % classicAckEvery !== classicAckEvery - 1) continue;
      const upTo = (packet.sequence + 1) * classicCommandBytes;
      barriers.push({ upTo, passed: raiseBarrier(exchange, signal) });
      if (barriers.length >= barriersAhead) await pass();
    }
    while (barriers.length > 0) await pass();
    await put.done;
  } catch (error) {
    // A barrier that was not passed ends the put too.
    put.fail(error);
    throw error;
  }
  onProgress?.(content.length, content.length);
}

/** Sends an image; the board acknowledges every eighth message. */
export async function updateClassic(
  exchange: Exchange,
  sha256: string,
  image: Uint8Array,
  options: TransferOptions,
): Promise<void> {
  assertCount(image.length, imagePartBytes);
  let acknowledged = -1;
  const moved = new Wakeup();
  const isAck = (body: Uint8Array) => {
    const sequence = decodeAck(body);
    if (sequence === undefined) return false;
    acknowledged = Math.max(acknowledged, sequence);
    options.onProgress?.(Math.min((acknowledged + 1) * imagePartBytes, image.length), image.length);
    moved.announce();
    return true;
  };
  const update: Conversation = exchange.begin({
    command: "ota",
    tail: sha256,
    isAck,
    signal: options.signal,
  });
  for (const packet of splitIntoPackets(image, imagePartBytes)) {
    while (packet.sequence - acknowledged > classicWindow && !update.ended) {
      await Promise.race([moved.wait(), update.done]);
    }
    if (update.ended) break;
    update.send(packet);
  }
  await update.done;
  options.onProgress?.(image.length, image.length);
}

/** Other boards than the original may acknowledge puts too. */
function isAcknowledgement(body: Uint8Array): boolean {
  return decodeAck(body) !== undefined;
}

function raiseBarrier(exchange: Exchange, signal: AbortSignalLike | undefined): Promise<void> {
  const conversation = exchange.begin({ command: "eval", signal });
  conversation.send({ sequence: 0, last: true, body: Uint8Array.of(0x30) });
  return conversation.done;
}

function assertCount(length: number, size: number): void {
  if (length <= size * (highestSequence + 1)) return;
  const limit = size * (highestSequence + 1);
  throw remoteErrors.create(
    "remote/unsupported",
    `a board that runs mqrepl takes at most ${limit} bytes at once, got ${length}`,
  );
}
