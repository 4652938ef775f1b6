import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { messageOf } from "../../base/index.ts";
import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";
import { printError, toSafeText } from "../output.ts";
import { isComplete } from "./complete-source.ts";

/** How many lines of history are kept. */
const historyLines = 500;

/**
 * `repl`: reads lines, evaluates them on the board, prints what comes, until Ctrl-D. Ctrl-C drops the line that is being
 * written, or stops waiting for the board.
 */
export async function runRepl(board: RemoteBoard, signal: AbortSignal): Promise<void> {
  const history = join(
    process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"),
    "moteq",
    "board-history",
  );
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal,
    historySize: historyLines,
    history: terminal ? readHistory(history) : [],
    completer(line: string, done: (error: null, result: [string[], string]) => void) {
      const word = /[\w.$]*$/.exec(line)?.[0] ?? "";
      const give = (words: string[]) => done(null, [words.map((one) => toSafeText(one)), word]);
      board.complete(line, { signal }).then(give, () => give([]));
    },
  });
  lines.on("history", (all) => writeHistory(history, all));
  if (terminal)
    process.stderr.write(`${board.base}: Ctrl-D ends it; nothing runs until a statement is whole\n`);
  try {
    await converse(lines, board, signal, terminal);
  } finally {
    lines.close();
  }
}

async function converse(
  lines: Interface,
  board: RemoteBoard,
  signal: AbortSignal,
  terminal: boolean,
): Promise<void> {
  let source = "";
  let running: AbortController | undefined;
  const prompt = () => {
    lines.setPrompt(terminal ? (source === "" ? "> " : "… ") : "");
    lines.prompt();
  };
  lines.on("SIGINT", () => {
    if (running) running.abort(new Error("stopped waiting"));
    else if (source === "" && lines.line === "") lines.close();
    else {
      source = "";
      lines.write(null, { ctrl: true, name: "u" });
      process.stdout.write("\n");
      prompt();
    }
  });
  signal.addEventListener("abort", () => lines.close());
  prompt();
  for await (const line of lines) {
    source += source === "" ? line : `\n${line}`;
    if (source.trim() === "") source = "";
    else if (isComplete(source, board.dialect === "mqrepl" ? "python" : "javascript")) {
      running = new AbortController();
      await evaluateOnce(board, source, running.signal);
      running = undefined;
      source = "";
    }
    prompt();
  }
  // What was begun when the input ended is tried as it is.
  if (source !== "") await evaluateOnce(board, source, signal);
  if (terminal) process.stdout.write("\n");
}

async function evaluateOnce(board: RemoteBoard, source: string, signal: AbortSignal): Promise<void> {
  const output = createOutput();
  try {
    await board.evaluate(source, { signal, onOutput: (bytes) => output.write(bytes) });
  } catch (error) {
    if (!signal.aborted && !remoteErrors.is(error)) throw error;
    output.endLine();
    printError(messageOf(error));
    return;
  }
  output.endLine();
}

/** Writes what a board prints: as it is where a program reads it, made safe where a terminal shows it. */
export function createOutput(): { write(bytes: Uint8Array): void; endLine(): void } {
  const decoder = new TextDecoder();
  let [empty, atLineStart] = [true, true];
  return {
    write(bytes) {
      if (bytes.length === 0) return;
      empty = false;
      atLineStart = bytes.at(-1) === 10;
      if (process.stdout.isTTY) process.stdout.write(toSafeText(decoder.decode(bytes, { stream: true })));
      else process.stdout.write(bytes);
    },
    endLine() {
      if (!empty && !atLineStart) process.stdout.write("\n");
    },
  };
}

function readHistory(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean).slice(0, historyLines);
  } catch {
    return [];
  }
}

function writeHistory(path: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  } catch {
    // A history that cannot be kept stops nobody from working.
  }
}
