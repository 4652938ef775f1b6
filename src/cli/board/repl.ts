import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import { decodeUtf8, messageOf } from "../../base/index.ts";
import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";
import { printError, printLine, toJsonLine, toPrintable } from "../output.ts";
import { whenInterrupted } from "../session.ts";
import { isComplete } from "./complete-source.ts";
import { createOutput } from "./printed.ts";

/** How many lines of history are kept. */
const historyLines = 500;

/**
 * `repl`: reads lines, evaluates them on the board, prints what comes, until Ctrl-D. Ctrl-C drops the line that is being
 * written, or stops waiting for the board. In JSON it prints a line for each statement, `{"result":…}` or `{"error":…}`, and
 * nothing for people.
 *
 * @returns whether each statement was done
 * @throws the signal's reason, once it is aborted: lines may be left that nobody has evaluated
 */
export async function runRepl(
  board: RemoteBoard,
  { json = false }: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const history = join(
    process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"),
    "moteq",
    "board-history",
  );
  const terminal = process.stdin.isTTY && process.stdout.isTTY && !json;
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal,
    historySize: historyLines,
    history: terminal ? readHistory(history) : [],
    completer(line: string, done: (error: null, result: [string[], string]) => void) {
      const word = /[\w.$]*$/.exec(line)?.[0] ?? "";
      const give = (words: string[]) => done(null, [words.map((one) => toPrintable(one)), word]);
      board.complete(line, { signal }).then(give, () => give([]));
    },
  });
  lines.on("history", (all) => writeHistory(history, all));
  if (terminal)
    process.stderr.write(`${board.base}: Ctrl-D ends it; nothing runs until a statement is whole\n`);
  try {
    return await converse(lines, board, json ? evaluateAsJson : evaluateOnce, signal, terminal);
  } finally {
    lines.close();
  }
}

async function converse(
  lines: Interface,
  board: RemoteBoard,
  evaluateOn: Evaluate,
  signal: AbortSignal,
  terminal: boolean,
): Promise<boolean> {
  let source = "";
  let allDone = true;
  let running: AbortController | undefined;
  let closed = false;
  lines.once("close", () => (closed = true));
  const prompt = () => {
    // Behind its end it would read on.
    if (closed) return;
    lines.setPrompt(terminal ? (source === "" ? "> " : "… ") : "");
    lines.prompt();
  };
  const evaluate = async () => {
    running = new AbortController();
    if (!(await evaluateOn(board, source, signal, running.signal))) allDone = false;
    running = undefined;
    source = "";
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
  whenInterrupted(signal, () => lines.close());
  board.onRestart(() => {
    const waits = terminal && !running && !closed;
    if (waits) {
      clearLine(process.stdout, 0);
      cursorTo(process.stdout, 0);
    }
    printError("the board was started anew: its variables are gone");
    if (waits) lines.prompt(true);
  });
  prompt();
  for await (const line of lines) {
    signal.throwIfAborted();
    source += source === "" ? line : `\n${line}`;
    if (source.trim() === "") source = "";
    else if (isComplete(source, board.dialect === "mqrepl" ? "python" : "javascript")) await evaluate();
    prompt();
  }
  signal.throwIfAborted();
  // What was begun when the input ended is tried as it is.
  if (source !== "") await evaluate();
  if (terminal) process.stdout.write("\n");
  return allDone;
}

/** Evaluates, and says what is wrong: then `false`. Only what `signal` ends is thrown. */
type Evaluate = typeof evaluateOnce;

async function evaluateOnce(
  board: RemoteBoard,
  source: string,
  signal: AbortSignal,
  stopped: AbortSignal,
): Promise<boolean> {
  const output = createOutput();
  try {
    await board.evaluate(source, {
      signal: AbortSignal.any([signal, stopped]),
      onOutput: (bytes) => output.write(bytes),
    });
    output.endLine();
    return true;
  } catch (error) {
    output.endLine();
    signal.throwIfAborted();
    if (!stopped.aborted && !remoteErrors.is(error)) throw error;
    printError(messageOf(error));
    return false;
  }
}

async function evaluateAsJson(
  board: RemoteBoard,
  source: string,
  signal: AbortSignal,
  stopped: AbortSignal,
): Promise<boolean> {
  try {
    const result = await board.evaluate(source, { signal: AbortSignal.any([signal, stopped]) });
    printLine(toJsonLine({ result: decodeUtf8(result) ?? null }));
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!remoteErrors.is(error)) throw error;
    const { code, message, detail } = error;
    printLine(toJsonLine({ error: { code, message, detail } }));
    return false;
  }
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
