import { defineErrors } from "../base/index.ts";

/** What a board refuses, and why. The codes go over the wire; `docs/reference/errors.md` explains them. */
export const boardErrors = defineErrors({
  "board/bad-command": {
    fault: "caller",
    meaning:
      "A command was not made as docs/reference/board.md says; the message names what is wrong with it.",
  },
  "board/unknown-command": { fault: "caller", meaning: "The board has no such command." },
  "board/unsigned": {
    fault: "caller",
    meaning: "The board takes only signed commands, and this one was not. Sign with `--sign FILE`.",
  },
  "board/untrusted": {
    fault: "caller",
    meaning:
      "A command or an image was signed by a key that the board does not trust, or the signature does not hold.",
  },
  "board/session": {
    fault: "peer",
    meaning:
      "The board was started anew since the caller learnt its session, or has had too many callers for one; the message is the " +
      "new one. Callers repeat.",
  },
  "board/busy": {
    fault: "place",
    meaning: "As many commands or transfers as may are under way already. Try again in a moment.",
  },
  "board/outside": {
    fault: "caller",
    meaning: "A path leads out of the board's root: by `..` or by a link. Nothing was touched.",
  },
  "board/not-found": { fault: "caller", meaning: "There is no such file or folder on the board." },
  "board/exists": {
    fault: "caller",
    meaning: "There is a file or folder of that name on the board already.",
  },
  "board/not-a-folder": { fault: "caller", meaning: "A folder was needed, and something else is there." },
  "board/is-a-folder": { fault: "caller", meaning: "A file was needed, and a folder is there." },
  "board/not-empty": { fault: "caller", meaning: "A folder that is not empty cannot be removed." },
  "board/full": { fault: "place", meaning: "The board's disk is full. What was begun was taken back." },
  "board/files": { fault: "place", meaning: "The board's file system refused; the message says how." },
  "board/digest": {
    fault: "peer",
    meaning:
      "What arrived at the board has another SHA-256 than was announced. It was thrown away; send it again.",
  },
  "board/replaced": {
    fault: "caller",
    meaning: "Somebody began the same transfer anew, so that this one has ended.",
  },
  "board/failed": {
    fault: "moteq",
    meaning:
      "The board could not do it for a reason that none of the other codes names; the message says what it was told. If " +
      "nothing on the board explains it, it is a defect of moteq: report it.",
  },
  "board/stopped": {
    fault: "peer",
    meaning:
      "A transfer ended before it was whole: nothing came for a minute, or for five seconds when another one needed its " +
      "place, or the board's agent ends. What came stays; begin " +
      "again to go on from it. Of the original program's put and ota nothing stays.",
  },
  "board/too-long": {
    fault: "caller",
    meaning:
      "A command, an image or an output is longer than the board takes, or an answer than its broker takes: `max_packet_size` of " +
      "mosquitto should be 20,000 at least.",
  },
  "board/evaluation": {
    fault: "caller",
    meaning: "The source that was to be evaluated threw; the message is its error.",
  },
  "board/interrupted": {
    fault: "caller",
    meaning:
      "An evaluation computed for longer than the board's limit and was cut off, or is no longer waited for: for too long, " +
      "or since another command needed its place.",
  },
});

/** What a {@link boardErrors} code may be. */
export type BoardErrorCode = keyof typeof boardErrors.table;

/** What the original program is told of a command that it did not make well. */
export function protocolError(command: string, what: string): Error {
  return boardErrors.create("board/bad-command", `MQRepl protocol error ${command}: ${what}`);
}

/** What would leave a slot with nothing to run. */
export function emptyImageError(): Error {
  return boardErrors.create("board/bad-command", "an image of 0 bytes is no program");
}
