import { Worker } from "node:worker_threads";
import { type BytePort, type Clock, fromHex, type Timer, toHex } from "../../src/base/index.ts";
import type { ReceivedFrame } from "../../src/device/index.ts";
import type { VirtualRadio } from "../../src/virtual/index.ts";
import { Console } from "./console.ts";
import {
  type Call,
  type Ending,
  type FromBoard,
  type Notice,
  resetCauses,
  type ToBoard,
} from "./protocol.ts";
import { ReceiveBuffer } from "./receive-buffer.ts";
import type { Turns } from "./turns.ts";

/** What a node is made of. */
export interface MicroPythonNodeParts {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly radio: VirtualRadio;
  /** Puts another radio of its own on the air: that of its access point's interface, or one with another address. */
  readonly join: (address: string) => VirtualRadio;
  /** Its serial line, if it has one: then its prompt is at the other end when no script runs. */
  readonly console: BytePort | undefined;
  /** The file that runs on power-up and after every wake. */
  readonly script: string;
  /** What is in its flash memory at first: path → text. */
  readonly files: Readonly<Record<string, string>>;
  /** The modules that the firmware brings: file name → text. */
  readonly firmware: Readonly<Record<string, string>>;
  readonly accessPoint: AccessPoint | undefined;
  /** How long the chip takes from power-up or wake to the script's first line, in milliseconds. */
  readonly bootMs: number;
  /** How long it may compute without waiting for anything, in milliseconds of real time. */
  readonly computeLimitMs: number;
  /** Whether an exception that ends the script is expected. */
  readonly mayFail: boolean;
  readonly record: (line: string) => void;
}

/** A WiFi access point that nodes can connect to. */
export interface AccessPoint {
  readonly ssid: string;
  readonly password?: string;
  readonly channel: number;
}

/** Starting a thread and loading MicroPython takes 50 ms; a computer that is busy gets a thousand times as long. */
const loadLimitMs = 50_000;

/** An ESP32 that runs MicroPython: a thread of its own, a radio on the virtual air, pins that a test can touch. */
export class MicroPythonNode {
  /**
   * - `running`: its script runs, or waits for something;
   * - `asleep`: in deep sleep; `ended`: the script came to its end, and a real board would show its prompt;
   * - `stuck`: it computed without end and was killed; `off`: no power.
   */
  state: "running" | "asleep" | "ended" | "stuck" | "off" = "off";
  /** All that it printed, over all runs. */
  output = "";
  /** How often its script was started. */
  boots = 0;
  /** What ended its script, if an exception did. */
  traceback: string | undefined;
  /** What `machine.RTC().memory()` holds, as hexadecimal. */
  rtcMemory = "";
  /** The colours last written to its NeoPixels. */
  pixels: readonly (readonly number[])[] = [];
  /** Every change of its NeoPixels. */
  readonly shown: { readonly atMs: number; readonly pixels: readonly (readonly number[])[] }[] = [];
  /** What its output pins are at. */
  readonly outputs = new Map<number, number>();
  /** What its input pins are held at; without an entry the pull-up or pull-down decides. */
  readonly inputs = new Map<number, number>();
  /** What its analogue pins read, 0 … 65535. Default 0. */
  readonly analog = new Map<number, number | (() => number)>();
  readonly #console: Console | undefined;
  #radio: VirtualRadio;
  #accessPoint: VirtualRadio | undefined;
  #watchdog: Timer | undefined;
  readonly #parts: MicroPythonNodeParts;
  readonly #worker: Worker;
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  readonly #buffer = new ReceiveBuffer();
  readonly #unanswered = new Set<Promise<boolean>>();
  /** Answers the call that the script waits for; `undefined` while it waits for nothing. */
  #answer: ((value: unknown) => void) | undefined;
  #awaitsFrame = false;
  /** Set while the script waits for its serial line, and maybe for a frame too. */
  #awaits: { readonly frame: boolean } | undefined;
  /** Whether a run has begun and not come to its end, and whether its end was decided from outside. */
  #isActive = false;
  #isDying = false;
  /** Begins the next run, when the one that is dying has ended. */
  #next: (() => void) | undefined;
  /** Why the board is restarted from outside, while that is on its way. */
  #cut: number | undefined;
  #listening = false;
  #hasTurn = false;
  /** Goes off when the script is to start. */
  #start: Timer | undefined;
  #limit: NodeJS.Timeout | undefined;

  constructor(parts: MicroPythonNodeParts) {
    this.#parts = parts;
    this.#radio = parts.radio;
    this.#radio.listen((frame) => this.#hear(frame));
    this.#console = parts.console && new Console(() => this.#answerWait());
    if (parts.console) this.#console?.attach(parts.console);
    this.#worker = new Worker(new URL("worker.js", import.meta.url), {
      workerData: {
        address: this.radio.address,
        firmware: parts.firmware,
        files: parts.files,
        accessPoint: parts.accessPoint,
        hasConsole: parts.console !== undefined,
        signal: this.#signal.buffer,
      },
    });
    this.#worker.on("message", (message: FromBoard) => this.#receive(message));
    this.#worker.on("error", (error) => this.#giveUp(`its thread broke off: ${error.message.slice(0, 300)}`));
    this.powerOn();
  }

  get radio(): VirtualRadio {
    return this.#radio;
  }

  get address(): string {
    return this.radio.address;
  }

  /** What it printed, line by line. */
  get lines(): string[] {
    return this.output.split("\n").slice(0, -1);
  }

  /** Cuts its power, whatever it is at. */
  powerOff(): void {
    this.#record("power off");
    this.#goDeaf();
    this.#start?.cancel();
    this.#watchdog?.cancel();
    this.#console?.detach();
    this.state = "off";
    this.#isDying = this.#isActive;
    this.#next = undefined;
    this.#awaits = undefined;
    if (!this.#answer) return;
    this.#answer = undefined;
    this.#send(() => ({ powerOff: true, now: this.#parts.clock.monotonic() }));
  }

  /** Says where its serial line leads from now on. Without effect on a board that was made without one. */
  connect(console: BytePort): void {
    this.#console?.attach(console);
  }

  /** How many bytes its serial line brought while there was no room for them. */
  get overflowedBytes(): number {
    return this.#console?.overflowed ?? 0;
  }

  /** Gives it power: RTC memory is empty then, files are as they were. Does nothing unless its power is off. */
  powerOn(): void {
    if (this.state !== "off") return;
    this.rtcMemory = "";
    this.#bootAfter(0, resetCauses.powerOn);
  }

  /** Ends its thread and takes its radio off the air. */
  async close(): Promise<void> {
    this.#start?.cancel();
    this.#watchdog?.cancel();
    clearTimeout(this.#limit);
    this.#worker.removeAllListeners("message");
    await this.#worker.terminate();
    await this.#radio.close();
    await this.#accessPoint?.close();
  }

  #receive(message: FromBoard): void {
    if ("event" in message) {
      this.#note(message);
      return;
    }
    if (!this.#hasTurn) return; // it was killed after it had asked
    clearTimeout(this.#limit);
    if (isEnding(message)) this.#end(message);
    else this.#begin(message);
    this.#endTurn();
  }

  #note(notice: Notice): void {
    switch (notice.event) {
      case "started":
        this.#limitComputing();
        break;
      case "print":
        this.output += notice.text;
        this.#console?.write(Buffer.from(notice.text));
        this.#record(`printed ${JSON.stringify(notice.text)}`);
        break;
      case "pin":
        this.outputs.set(notice.pin, notice.value);
        this.#record(`pin ${notice.pin} ${notice.value}`);
        break;
      case "pixels":
        this.pixels = notice.pixels;
        this.shown.push({ atMs: this.#parts.clock.monotonic(), pixels: notice.pixels });
        this.#record(`pixels ${JSON.stringify(notice.pixels)}`);
        break;
      case "rtc":
        this.rtcMemory = notice.hex;
        break;
      case "output":
        this.#console?.write(Buffer.from(notice.hex, "hex"));
        break;
      case "watchdog":
        this.#watch(notice.ms);
        break;
      case "address":
        this.#rename(notice.address);
        break;
    }
  }

  /** Starts what a call asks for, and answers it when that is done. */
  #begin(call: Call): void {
    this.#record(JSON.stringify(call));
    if (this.state === "off" || this.#isDying) {
      this.#send(() => ({ powerOff: true, now: this.#parts.clock.monotonic() }));
      return;
    }
    let timer: Timer | undefined;
    const answer = (value: unknown) => {
      if (this.#answer !== answer) return;
      this.#answer = undefined;
      this.#awaitsFrame = false;
      this.#awaits = undefined;
      timer?.cancel();
      this.#send(() => ({ value, now: this.#parts.clock.monotonic() }));
    };
    const answerAfter = (delayMs: number | null, value: unknown = null, before = () => {}) => {
      if (delayMs === null) return;
      timer = this.#parts.clock.setTimer(delayMs, () => {
        before();
        answer(value);
      });
    };
    this.#answer = answer;
    switch (call.call) {
      case "sleep":
        answerAfter(call.ms);
        break;
      case "lightsleep":
        this.radio.sleep();
        answerAfter(call.ms, null, () => this.#listening && this.radio.wake());
        break;
      case "radio":
        this.#tune(call.on, call.channel, call.bufferBytes, call.accessPoint);
        answer(null);
        break;
      case "send":
        void this.#transmit(call).then(answer);
        break;
      case "wait":
        this.#awaits = { frame: call.frame };
        answerAfter(call.timeoutMs, { hasFrame: false, hex: "" });
        this.#answerWait();
        break;
      case "receive":
        this.#awaitsFrame = this.#buffer.isEmpty;
        if (this.#awaitsFrame) answerAfter(call.timeoutMs);
        else answer(this.#buffer.take());
        break;
      case "available":
        answer(!this.#buffer.isEmpty);
        break;
      case "dropped":
        answer(this.#buffer.dropped);
        break;
      case "pin":
        answer(this.inputs.get(call.pin) ?? call.otherwise);
        break;
      case "adc": {
        const level = this.analog.get(call.pin) ?? 0;
        answer(typeof level === "function" ? level() : level);
        break;
      }
    }
  }

  #end(ending: Ending): void {
    this.#record(JSON.stringify(ending));
    const wasDying = this.#isDying;
    this.#isActive = this.#isDying = false;
    this.#next?.();
    this.#next = undefined;
    if (this.state === "off" || (wasDying && ending.call !== "off")) return;
    switch (ending.call) {
      case "deepsleep":
        this.#goDeaf();
        this.state = "asleep";
        if (ending.ms !== null) this.#bootAfter(ending.ms, resetCauses.deepSleep);
        break;
      case "reset":
        this.#goDeaf();
        this.#watchdog?.cancel();
        this.#console?.take();
        this.#bootAfter(0, resetCauses.reset);
        break;
      case "ended":
        this.state = "ended";
        this.traceback = ending.traceback;
        if (ending.traceback === undefined) break;
        this.output += ending.traceback;
        if (!this.#parts.mayFail) {
          this.#parts.turns.fail(new Error(`the script of node ${this.address} raised\n${this.output}`));
        }
        break;
      case "off":
        if (this.#cut !== undefined) this.#bootAfter(0, this.#cut);
        this.#cut = undefined;
        break;
    }
  }

  /** Sets the script off when the chip has come up, so long after `delayMs`. */
  #bootAfter(delayMs: number, cause: number): void {
    const { clock, script, bootMs } = this.#parts;
    if (delayMs === 0) this.state = "running";
    const start = () => {
      this.#isActive = true;
      this.state = "running";
      this.boots++;
      this.traceback = undefined;
      this.#record(`boot ${cause}`);
      const powerOn = cause === resetCauses.powerOn;
      const console = this.#console !== undefined;
      this.#send(() => ({ boot: { script, cause, powerOn, console, now: clock.monotonic() } }));
    };
    this.#start = clock.setTimer(delayMs + bootMs, () => {
      if (this.#isActive) this.#next = start;
      else start();
    });
  }

  #hear({ source, bytes, rssi = 0 }: ReceivedFrame): void {
    this.#record(`heard ${source} ${toHex(bytes)}`);
    this.#buffer.put({ source, hex: toHex(bytes), rssi, at: this.#parts.clock.monotonic() });
    if (this.#awaitsFrame) this.#answer?.(this.#buffer.take() ?? null);
    this.#answerWait();
  }

  /** Answers a script that waits for its serial line, if there is what it waits for. */
  #answerWait(): void {
    if (!this.#awaits) return;
    const hasFrame = this.#awaits.frame && !this.#buffer.isEmpty;
    const hex = toHex(this.#console?.take() ?? new Uint8Array());
    if (hasFrame || hex !== "") this.#answer?.({ hasFrame, hex });
  }

  /** Restarts the board unless it is told again in time. */
  #watch(ms: number): void {
    this.#watchdog?.cancel();
    this.#watchdog = this.#parts.clock.setTimer(ms, () => {
      this.#record("watchdog");
      this.#goDeaf();
      this.#cut = resetCauses.watchdog;
      this.#answer = this.#awaits = undefined;
      this.#send(() => ({ powerOff: true, now: this.#parts.clock.monotonic() }));
    });
  }

  /** Comes on the air with another address. */
  #rename(address: string): void {
    if (address === this.#radio.address) return;
    const { channel } = this.#radio;
    void this.#radio.close();
    this.#radio = this.#parts.join(address);
    void this.#radio.setChannel(channel);
    this.#radio.listen((frame) => this.#hear(frame));
  }

  #tune(on: boolean, channel: number, bufferBytes: number, accessPoint: string | null): void {
    this.#listening = on;
    this.#buffer.resize(bufferBytes);
    if (this.#accessPoint?.address !== (accessPoint ?? undefined)) {
      void this.#accessPoint?.close();
      this.#accessPoint = accessPoint === null ? undefined : this.#parts.join(accessPoint);
      this.#accessPoint?.listen((frame) => this.#hear(frame));
    }
    for (const radio of [this.#radio, this.#accessPoint]) {
      void radio?.setChannel(channel);
      if (on) radio?.wake();
      else radio?.sleep();
    }
  }

  #goDeaf(): void {
    this.#listening = false;
    this.#buffer.resize(0);
    this.#radio.sleep();
    void this.#accessPoint?.close();
    this.#accessPoint = undefined;
  }

  /** Sends as ESP-NOW does: one that waits for its acknowledgement first waits for those of all before it. */
  async #transmit({ interface: from, destination, hex, wait }: Call & { call: "send" }): Promise<boolean> {
    if (wait) await Promise.all(this.#unanswered);
    const radio = (from === 1 ? this.#accessPoint : undefined) ?? this.#radio;
    const answer = radio.send(destination, fromHex(hex) ?? new Uint8Array());
    this.#unanswered.add(answer);
    const forget = () => this.#unanswered.delete(answer);
    answer.then(forget, forget);
    return wait ? answer : true;
  }

  /** Sends the board's thread something when its turn comes, and waits for its next call. */
  #send(message: () => ToBoard): void {
    this.#parts.turns.take(() => {
      this.#hasTurn = true;
      const content = message();
      if ("boot" in content) this.#limitTo(loadLimitMs, "did not start: MicroPython could not be loaded");
      else this.#limitComputing();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
      this.#worker.postMessage(content);
      Atomics.add(this.#signal, 0, 1);
      Atomics.notify(this.#signal, 0);
    });
  }

  #endTurn(): void {
    if (!this.#hasTurn) return;
    this.#hasTurn = false;
    this.#parts.turns.end();
  }

  #limitComputing(): void {
    this.#limitTo(this.#parts.computeLimitMs, "computed without waiting for anything: an endless loop?");
  }

  /** Kills the script unless it waits for something within so many milliseconds of real time. */
  #limitTo(limitMs: number, complaint: string): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(
      () => this.#giveUp(`${this.#parts.script} ${complaint} (limit ${limitMs} ms)`),
      limitMs,
    );
  }

  #giveUp(complaint: string): void {
    clearTimeout(this.#limit);
    this.state = "stuck";
    this.#goDeaf();
    void this.#worker.terminate();
    const output =
      this.output === "" ? "It had printed nothing." : `It had printed:\n${this.output.slice(-2000)}`;
    this.#parts.turns.fail(new Error(`node ${this.address}: ${complaint}\n${output}`));
    this.#endTurn();
  }

  #record(what: string): void {
    this.#parts.record(`${this.#parts.clock.monotonic().toFixed(3)} ${this.address} ${what}`);
  }
}

const endings: ReadonlySet<string> = new Set<Ending["call"]>(["deepsleep", "reset", "ended", "off"]);

function isEnding(message: Call | Ending): message is Ending {
  return endings.has(message.call);
}
