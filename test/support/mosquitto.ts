import { type ChildProcess, spawn } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram } from "./external.ts";

/** How a broker for one test is run. */
export interface MosquittoOptions {
  /** Keeps sessions, queued and retained messages on disk, saved at each change. Default: in memory only. */
  readonly persistence?: boolean;
  /** Names and passwords; with them nobody else may connect. Default: anybody may. */
  readonly users?: Readonly<Record<string, string>>;
  /** Further lines of `mosquitto.conf`, for example `listener 9001` and `protocol websockets`. */
  readonly config?: readonly string[];
}

/** A real broker of one test's own, on a free loopback port that stays the same over restarts. */
export interface Mosquitto extends AsyncDisposable {
  readonly port: number;
  /** `mqtt://127.0.0.1:<port>` */
  readonly url: string;
  /** The process's id; `undefined` while it does not run. */
  readonly pid: number | undefined;
  /** What it has logged so far. */
  readonly log: string;
  /** Runs it (again) on the same port, with the same files; resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends it in good order, so that it saves what it keeps. Without effect while it does not run. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL), as a power cut does. Without effect while it does not run. */
  kill(): Promise<void>;
  /** Ends it and removes its files. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts mosquitto; guard the tests that need it with `describe.runIf(have("mosquitto"))`.
 *
 * @example
 * await using broker = await startMosquitto({ persistence: true });
 * const client = connect(broker.url);
 */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const program = findProgram("mosquitto");
  if (!program) throw new Error("mosquitto is not installed: guard the test with have('mosquitto')");
  const folder = mkdtempSync(join(tmpdir(), "moteq-mosquitto-"));
  const port = await freePort();
  const configPath = join(folder, "mosquitto.conf");
  writeFileSync(configPath, configOf(options, port, folder));

  let child: ChildProcess | undefined;
  let log = "";

  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    if (!running) return;
    const ended = once(running, "exit");
    running.kill(signal);
    await ended;
  };

  const mosquitto: Mosquitto = {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    get pid() {
      return child?.pid;
    },
    get log() {
      return log;
    },
    async start() {
      if (child) return;
      const started = spawn(program, ["-c", configPath], { stdio: ["ignore", "ignore", "pipe"] });
      child = started;
      started.stderr?.on("data", (data: Buffer) => (log += data.toString()));
      started.once("exit", () => {
        if (child === started) child = undefined;
      });
      while (!(await accepts(port))) {
        if (child !== started) throw new Error(`mosquitto did not start:\n${log}`);
        await delay(5);
      }
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await mosquitto.start();
  return mosquitto;
}

/** A TCP port of the loopback interface that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

function configOf(options: MosquittoOptions, port: number, folder: string): string {
  const lines = [
    // Started as root it would become the user "mosquitto", who may not write into this folder.
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    "set_tcp_nodelay true",
    // Many, but not 0: then it refuses a message at QoS 1 of MQTT 3.1.1 with a PUBACK that looks like any other, and hangs up.
    "max_queued_messages 100000",
    ...(options.config ?? []),
  ];
  if (options.persistence) {
    lines.push("persistence true", `persistence_location ${folder}/`);
    lines.push("autosave_on_changes true", "autosave_interval 1");
  }
  if (options.users) {
    const path = join(folder, "passwords");
    const users = Object.entries(options.users).map(([name, password]) => `${name}:${hashOf(password)}`);
    writeFileSync(path, `${users.join("\n")}\n`, { mode: 0o600 });
    lines.push("allow_anonymous false", `password_file ${path}`);
  } else lines.push("allow_anonymous true");
  return `${lines.join("\n")}\n`;
}

/** A password as `mosquitto_passwd` writes it. */
function hashOf(password: string): string {
  const salt = randomBytes(12);
  const rounds = 101;
  const hash = pbkdf2Sync(password, salt, rounds, 64, "sha512");
  return `$7$${rounds}$${salt.toString("base64")}$${hash.toString("base64")}`;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
