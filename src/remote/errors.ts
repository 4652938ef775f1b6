import { defineErrors, type MoteqError } from "../base/index.ts";
import { decodeFault } from "../wire/index.ts";

/** The errors of driving a board; `docs/reference/errors.md` explains them. */
export const remoteErrors = defineErrors({
  "remote/no-answer": {
    fault: "peer",
    meaning:
      "The board said nothing within the timeout, which counts from its last sign of life. Is it on, is it connected to " +
      "this broker, has it this prefix?",
  },
  "remote/refused": {
    fault: "peer",
    meaning:
      "The board could not or would not do it; `detail.code` is its code (docs/reference/board.md), where it gives one.",
  },
  "remote/restarted": {
    fault: "peer",
    meaning:
      "The board was started anew, or ended, while it worked at a command; whether that was done is not known. Look, and " +
      "repeat it where that does no harm.",
  },
  "remote/gap": {
    fault: "peer",
    meaning: "A part of the board's answer is missing: the broker or the board dropped it. Ask again.",
  },
  "remote/bad-answer": {
    fault: "peer",
    meaning: "The board answered something that is not what was asked for. Nothing of it was used.",
  },
  "remote/too-long": {
    fault: "peer",
    meaning:
      "The board's answer is longer than the limit for it; it was not read further. What an evaluation prints is taken up to " +
      "16 MiB in all: have it write more into a file, and `get` that.",
  },
  "remote/message-too-long": {
    fault: "caller",
    meaning:
      "What the board is asked, as a source to evaluate, is longer than the 1 MiB that one message may have; nothing was sent. " +
      "Put it as a file, and have the board import that.",
  },
  "remote/digest": {
    fault: "peer",
    meaning: "What arrived has another SHA-256 than what was sent. It was not put in place. Try again.",
  },
  "remote/unsupported": {
    fault: "peer",
    meaning: "This kind of board has no such command.",
  },
  "remote/bad-spec": {
    fault: "caller",
    meaning: "The specification of a synchronisation cannot be read; the message names the line.",
  },
  "remote/closed": {
    fault: "caller",
    meaning: "The connection to the board was closed before this was done.",
  },
});

/** A board's answer that is not what was asked for. @param wanted what was; @param got what came, as text */
export function badAnswer(wanted: string, got: string): MoteqError {
  const { text } = decodeFault(got);
  return remoteErrors.create(
    "remote/bad-answer",
    `the board answered no ${wanted.replace(/^an? /, "")}: ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** An answer beyond its limit. @param asked what messages call the command */
export function tooLong(asked: string, maximumBytes: number): MoteqError {
  const message = `the board's answer to ${asked} is longer than ${maximumBytes} bytes; it was not read further`;
  return remoteErrors.create("remote/too-long", message, { detail: { maximumBytes } });
}
