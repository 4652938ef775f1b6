import { decodeUtf8, sleep } from "../base/index.ts";
import {
  type BoardRequest,
  decodePartsProgress,
  encodeCommandTopic,
  type PartsProgress,
  toPartTail,
} from "../wire/index.ts";
import type { TransferOptions } from "./board.ts";
import type { Conversation } from "./conversation.ts";
import { remoteErrors } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Pace } from "./pace.ts";
import { Wakeup } from "./wakeup.ts";

/**
 * After so long without a word from the board, in milliseconds, it is asked anew what it has; twice as long each time, since
 * it may be busy. Our own says so.
 */
const askAgainMs = 2000;

/** What may be sent of a file before the board has answered: parts of how many bytes, and how many bytes in all. */
export interface PartsAhead {
  readonly part: number;
  readonly window: number;
}

/**
 * Whatever a board says of its window: no more parts and bytes than these are on their way, and no longer parts. A board
 * that asks for more must not fill this side's memory.
 */
const mostParts = 1024;
const mostPartBytes = 262_144;
const mostWindowBytes = 16_777_216;

/** A board whose agent ends in good order may be there again after so long, in milliseconds. */
const afterEndMs = 500;

/** What is known of the line to a board. */
export interface Line {
  readonly pace: Pace;
  /** What may follow the command at once, the first time. */
  readonly ahead: PartsAhead | undefined;
}

/** Begins a native command whose answer is told of message by message. */
export type BeginCall = (
  request: BoardRequest,
  options: { readonly onBody: (body: Uint8Array) => void; readonly timeoutMs: number },
) => Conversation;

/**
 * Sends the parts of a file or an image, as far ahead of what the board has as it allows and the line carries soon. After any
 * interruption – of the board, the broker or the line – it asks what the board has and goes on from there, until nothing has moved for the
 * timeout. If what the board then has is not the whole – a power cut has spoilt the beginning that it had, or somebody sent parts
 * of his own – all is sent anew, once.
 */
export async function sendParts(
  exchange: Exchange,
  request: BoardRequest & { readonly do: "put" | "update" },
  content: Uint8Array,
  begin: BeginCall,
  options: TransferOptions,
  { pace, ahead }: Line,
): Promise<void> {
  const { clock } = exchange.services;
  let movedAt = clock.monotonic();
  let most = -1;
  let patienceMs = Math.max(askAgainMs, 4 * pace.delayMs);
  let mayBeginAgain = true;
  const moved = ({ have, busy = false }: PartsProgress) => {
    if (busy || have > most) movedAt = clock.monotonic();
    if (busy) return;
    if (have > most) patienceMs = Math.max(askAgainMs, 2 * pace.delayMs);
    most = Math.max(most, have);
    options.onProgress?.(Math.min(have, content.length), content.length);
  };
  for (let mayGoAhead = ahead; ; mayGoAhead = undefined) {
    try {
      const timeoutMs = Math.min(patienceMs, exchange.timeoutMs);
      patienceMs *= 2;
      const beginOnce: BeginOnce = (one, more) => begin(one, { ...more, timeoutMs });
      await sendOnce(exchange, request, content, { begin: beginOnce, moved, pace, ahead: mayGoAhead });
      return;
    } catch (error) {
      const code = remoteErrors.is(error, "remote/refused") ? error.detail["code"] : undefined;
      if (code === "board/digest" && mayBeginAgain && !options.signal?.aborted) {
        // The board has thrown it away.
        mayBeginAgain = false;
        most = -1;
        continue;
      }
      const hasEnded = code === "board/stopped";
      const mayPass =
        hasEnded || remoteErrors.is(error, "remote/no-answer") || remoteErrors.is(error, "remote/gap");
      if (!mayPass || options.signal?.aborted) throw error;
      if (clock.monotonic() - movedAt >= exchange.timeoutMs) throw error;
      if (hasEnded) await sleep(clock, afterEndMs, options.signal);
    }
  }
}

type Progress = Required<Omit<PartsProgress, "busy">>;

type BeginOnce = (
  request: BoardRequest,
  options: { readonly onBody: (body: Uint8Array) => void },
) => Conversation;

/** One attempt. */
interface Attempt {
  readonly begin: BeginOnce;
  readonly moved: (told: PartsProgress) => void;
  readonly pace: Pace;
  readonly ahead: PartsAhead | undefined;
}

async function sendOnce(
  exchange: Exchange,
  request: BoardRequest & { readonly do: "put" | "update" },
  content: Uint8Array,
  { begin, moved, pace, ahead }: Attempt,
): Promise<void> {
  let progress: Progress | undefined = ahead && limit({ have: 0, done: false, ...ahead });
  let offset = 0;
  let answered = false;
  pace.restart(0);
  const news = new Wakeup();
  const call = begin(request, {
    onBody(body) {
      const told = decodePartsProgress(decodeUtf8(body) ?? "");
      if (!told || told.have > content.length) {
        call.fail(remoteErrors.create("remote/bad-answer", "the board answered no progress of a transfer"));
        return;
      }
      if (told.busy) {
        moved(told);
        return;
      }
      progress = limit({ part: 1024, window: 1024, done: false, ...progress, ...told });
      // Where an earlier attempt left something, what was sent ahead was for nothing.
      if (!answered && told.have > 0) {
        offset = told.have;
        pace.restart(offset);
      }
      answered = true;
      pace.arrived(told.have, progress.window);
      moved(told);
      news.announce();
    },
  });
  const topicOf = (start: number) =>
    encodeCommandTopic(exchange.base, { command: "part", id: call.id, tail: toPartTail(start) });
  const send = async () => {
    while (!call.ended) {
      if (progress) {
        offset = Math.max(offset, progress.have);
        const upTo = Math.min(content.length, progress.have + Math.min(progress.window, pace.bytes));
        while (offset < upTo && !call.ended) {
          const end = Math.min(offset + pace.partOf(progress.part), content.length);
          void call.sendTo(topicOf(offset), content.subarray(offset, end));
          pace.sent(end);
          offset = end;
        }
      }
      await Promise.race([news.wait(), call.done]);
    }
  };
  await Promise.race([send(), call.done]);
  await call.done;
  if (!progress?.done || progress.have !== content.length)
    throw remoteErrors.create(
      "remote/bad-answer",
      `the board ended a transfer of ${content.length} bytes without saying that it has them all`,
    );
}

function limit(progress: Progress): Progress {
  const part = Math.min(Math.max(progress.part, 1), mostPartBytes);
  return { ...progress, part, window: Math.min(progress.window, mostWindowBytes, part * mostParts) };
}
