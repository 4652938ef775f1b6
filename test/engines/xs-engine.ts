import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fromHex, toHex } from "../../src/base/index.ts";
import type { MqttVersion } from "../../src/mqtt/index.ts";
import { Surroundings } from "./surroundings.ts";

/** What the program asked of its surroundings in one call, in order. */
type HostCalls = readonly (readonly [
  name: "open" | "close" | "say" | "setTimer" | "write",
  ...values: (string | number)[],
])[];

/** What the worker says of itself with each answer, as far as it is used here. */
interface Meter {
  readonly currentHeapCount: number;
}

/** What is in use of an engine's heap. */
export interface XsHeap {
  /** Of 32 bytes here, and of 16 in an engine of 32 bits. */
  readonly slots: number;
  readonly chunkBytes: number;
}

/** Collects what the program asks for, and hands it over when all jobs are done: the engine has no other way out. */
const glue = `
  const digits = "0123456789abcdef";
  const hex = (bytes) => Array.from(bytes, (byte) => digits[byte >> 4] + digits[byte & 15]).join("");
  const unhex = (text) => Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.substr(2 * i, 2), 16)).buffer;
  let calls = [];
  let now = 0;
  const note = (name) => (...values) => void calls.push([name, ...values]);
  const xs = program.createProgram({
    open: note("open"), close: note("close"), say: note("say"), setTimer: note("setTimer"),
    write: (bytes) => void calls.push(["write", hex(new Uint8Array(bytes))]),
    now: () => now,
  });
  globalThis.handleCommand = (message) => {
    const request = JSON.parse(String.fromCharCode(...new Uint8Array(message)));
    now = request.now;
    xs[request.name](request.bytes === undefined ? request.value : unhex(request.bytes));
    return { get result() {
      const text = JSON.stringify(calls);
      calls = [];
      return Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
    } };
  };`;

/** A program in XS, in a process of its own, and what surrounds it. */
export class XsEngine implements AsyncDisposable {
  readonly surroundings: Surroundings;
  readonly #worker: ChildProcess;
  readonly #answers: AsyncIterator<Buffer>;
  #meter: Meter = { currentHeapCount: 0 };

  static async create(workerPath: string, code: string, version: MqttVersion): Promise<XsEngine> {
    const engine = new XsEngine(workerPath, version);
    await engine.#send("e", Buffer.from(`${code};globalThis.program = program;`));
    await engine.#send("e", Buffer.from(glue));
    return engine;
  }

  private constructor(workerPath: string, version: MqttVersion) {
    this.#worker = spawn(workerPath, ["moteq", "-i", "200"], {
      stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
    });
    this.#answers = readNetstrings(this.#worker.stdio[4] as Readable);
    this.surroundings = new Surroundings(version, (name, argument) => this.call(name, argument));
  }

  async call(name: string, argument?: number | Uint8Array): Promise<void> {
    const value = typeof argument === "number" ? { value: argument } : argument && { bytes: toHex(argument) };
    const request = { name, now: this.surroundings.host.now(), ...value };
    const answer = await this.#send("?", Buffer.from(JSON.stringify(request)));
    this.#perform(JSON.parse(answer) as HostCalls);
  }

  /** What is in use of the heap: slots, and bytes of chunks, in which texts, buffers and code are. */
  async measureHeap(): Promise<XsHeap> {
    await this.#send("e", Buffer.from("gc();"));
    const answer = this.#meter;
    const folder = mkdtempSync(join(tmpdir(), "moteq-xs-"));
    try {
      const path = join(folder, "snapshot");
      await this.#send("w", Buffer.from(path));
      return { slots: answer.currentHeapCount, chunkBytes: lengthOfAtom(readFileSync(path), "BLOC") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#worker, "close");
    this.#worker.kill();
    await gone;
  }

  #perform(calls: HostCalls): void {
    const { host } = this.surroundings;
    for (const [name, first, second] of calls) {
      if (name === "write") host.write(fromHex(String(first)) ?? new Uint8Array(0));
      else if (name === "setTimer") host.setTimer(Number(first), Number(second));
      else if (name === "say") host.say(String(first));
      else host[name]();
    }
  }

  /** Sends a command and gives its answer: `.` and what it was measured by, a byte 1, and the result. */
  async #send(kind: "e" | "?" | "w", body: Buffer): Promise<string> {
    const input = this.#worker.stdio[3] as Writable;
    input.write(Buffer.concat([Buffer.from(`${body.length + 1}:${kind}`), body, Buffer.from(",")]));
    const { value } = (await this.#answers.next()) as { value: Buffer };
    const text = value.toString("latin1");
    if (!text.startsWith(".")) throw new Error(`XS: ${text.slice(0, 500)}`);
    const end = text.indexOf("\u0001");
    this.#meter = JSON.parse(text.slice(1, end)) as Meter;
    return text.slice(end + 1);
  }
}

/** A snapshot is a file of atoms: its length in four bytes and its name in four, both counted in, and its content. */
function lengthOfAtom(snapshot: Buffer, name: string): number {
  let at = 8;
  while (at < snapshot.length && snapshot.toString("latin1", at + 4, at + 8) !== name) {
    at += snapshot.readUInt32BE(at);
  }
  return snapshot.readUInt32BE(at) - 8;
}

async function* readNetstrings(stream: Readable): AsyncGenerator<Buffer> {
  let waiting = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    waiting = Buffer.concat([waiting, chunk]);
    for (let colon = waiting.indexOf(":"); colon > 0; colon = waiting.indexOf(":")) {
      const end = colon + 1 + Number(waiting.toString("latin1", 0, colon));
      if (waiting.length <= end) break;
      yield waiting.subarray(colon + 1, end);
      waiting = waiting.subarray(end + 1);
    }
  }
}
