import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { messageOf } from "../../base/index.ts";
import { LineChannel } from "./line-channel.ts";
import { readAgentMessage, type ToAgent, type ToSupervisor } from "./protocol.ts";
import { channelVariable } from "./supervisor-channel.ts";

/** How much of what an agent printed last is kept for the crash log, in characters. */
const keptOutput = 16_384;
/** How long an agent may take to end in good order, in milliseconds. */
const politeMs = 3000;

/** Which open file of an agent's is the pipe to its supervisor: the one behind input, output and errors. */
const channelFd = 3;
/** What an agent has to say is short, in characters: a line is taken apart in the memory of the supervisor. */
const longestWord = 4096;

/** How an agent's process is started. */
export interface AgentProcessOptions {
  /** The program: a path. */
  readonly program: string;
  /** Where its process id is kept, so that a later supervisor finds one that was left behind. */
  readonly pidFile: string;
  /** Takes what it prints. */
  readonly onOutput: (text: string) => void;
  /** Takes what is wrong though it runs. */
  readonly onProblem: (text: string) => void;
  readonly onMessage: (message: ToSupervisor) => void;
  readonly onExit: (how: string) => void;
}

/** An agent as a child process. */
export class AgentProcess {
  /** What it printed last. */
  output = "";
  readonly #child: ChildProcess;
  readonly #channel: LineChannel | undefined;
  #killer: NodeJS.Timeout | undefined;

  constructor({ program, pidFile, onOutput, onProblem, onMessage, onExit }: AgentProcessOptions) {
    this.#child = spawn(process.execPath, [program], {
      // The fourth goes both ways. On Windows only an overlapped one is read and written at once; elsewhere that is a plain pipe.
      stdio: ["ignore", "pipe", "pipe", "overlapped"],
      env: { ...process.env, [channelVariable]: String(channelFd) },
    });
    const { pid } = this.#child;
    if (pid !== undefined) notePid(pidFile, pid, onProblem);
    const take = (text: string) => {
      this.output = (this.output + text).slice(-keptOutput);
      onOutput(text);
    };
    // Each with a decoder of its own: a character may come in two pieces.
    this.#child.stdout?.setEncoding("utf8").on("data", take);
    this.#child.stderr?.setEncoding("utf8").on("data", take);
    // One that could not be started has none of them.
    const pipes = this.#child.stdio as readonly unknown[] | undefined;
    const pipe = pipes?.[channelFd];
    if (pipe) this.#channel = new LineChannel(pipe as Duplex, undefined, longestWord);
    // Whatever runs in the agent can write there too: what makes no sense is left.
    this.#channel?.listen((value) => {
      const message = readAgentMessage(value);
      if (message) onMessage(message);
    });
    let how: string | undefined;
    this.#child.on("error", (error) => (how = `it could not be started: ${error.message}`));
    // `close` comes behind the last output, but not if a grandchild holds the pipes.
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      clearTimeout(this.#killer);
      if (done) return;
      done = true;
      forgetPid(pidFile);
      // A grandchild that holds the pipes would keep them open here for as long as it lives.
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
      this.#channel?.close();
      onExit(how ?? (signal === null ? `exit code ${code}` : `signal ${signal}`));
    };
    let done = false;
    this.#child.on("close", ended);
    this.#child.on("exit", (code, signal) => {
      const late = setTimeout(() => ended(code, signal), 500);
      late.unref();
      this.#child.once("close", () => clearTimeout(late));
    });
  }

  send(message: ToAgent): void {
    this.#channel?.send(message);
  }

  /** Ends it: by asking, or at once. */
  stop(hard: boolean): void {
    if (hard || !this.#channel?.isOpen) {
      this.#child.kill("SIGKILL");
      return;
    }
    this.send({ type: "stop" });
    // The first who asks sets the time: Ctrl-C behind a reset gives it no more.
    this.#killer ??= setTimeout(() => this.#child.kill("SIGKILL"), politeMs);
  }
}

/**
 * Ends an agent that a killed supervisor left behind: one that hangs does not notice that it is alone. On Linux only:
 * elsewhere nothing tells whether the process is still the one that was noted, and none is ended.
 */
export function endLeftBehind(pidFile: string): void {
  try {
    const [pid = "", start = ""] = readFileSync(pidFile, "utf8").split(" ");
    // The id may be somebody else's by now; when it began tells.
    if (start !== "" && startOf(Number(pid)) === start) process.kill(Number(pid), "SIGKILL");
  } catch {
    // None was left.
  }
  forgetPid(pidFile);
}

/** On a disk that can only be read any more it stays; when the process began tells that it is another's. */
function forgetPid(pidFile: string): void {
  try {
    rmSync(pidFile, { force: true });
  } catch {
    // That is no reason to end.
  }
}

/** Without it, on a full disk, the agent runs all the same; only one that hangs would outlive a killed supervisor. */
function notePid(pidFile: string, pid: number, say: (text: string) => void): void {
  try {
    writeFileSync(pidFile, `${pid} ${startOf(pid) ?? ""}`);
  } catch (error) {
    say(`the agent's process id cannot be noted: ${messageOf(error)}`);
  }
}

/** When a process began, by Linux' count; `undefined` elsewhere. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name, may hold anything, in brackets.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
