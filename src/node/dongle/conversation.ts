import { type BytePort, type Clock, concatBytes, type Timer } from "../../base/index.ts";
import { cutOff } from "./errors.ts";

/** How many bytes that nobody asked for are kept, for the message that says what came. */
const keptBytes = 16_384;

/** How long closing may take, in milliseconds. */
const closeMs = 500;

/** A byte port as a conversation: says something, then waits until the other side has said a certain thing. */
export class Conversation {
  readonly #port: BytePort;
  readonly #clock: Clock;
  #heard: Uint8Array = new Uint8Array();
  #closed: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => {};

  /** Takes the port over, until `release`. */
  constructor(port: BytePort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    port.start({
      onData: (bytes) => {
        this.#heard = concatBytes([this.#heard, bytes]).slice(-keptBytes);
        this.#wake();
      },
      onWritable: () => {},
      onClose: (error) => {
        this.#closed = { error };
        this.#wake();
      },
    });
  }

  /** What was heard and nobody has waited for, as Latin-1. */
  get rest(): string {
    return toLatin1(this.#heard);
  }

  say(text: string): void {
    this.#port.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  /** Forgets what was heard so far. */
  forget(): void {
    this.#heard = new Uint8Array();
  }

  /**
   * Waits until `ending` was heard and gives all before it; `undefined` if it does not come in time.
   *
   * @throws the reason when the port closes
   */
  async until(ending: string, timeoutMs: number): Promise<string | undefined> {
    let late = false;
    const timer: Timer = this.#clock.setTimer(timeoutMs, () => {
      late = true;
      this.#wake();
    });
    try {
      for (;;) {
        const heard = this.rest;
        const at = heard.indexOf(ending);
        if (at >= 0) {
          this.#heard = this.#heard.slice(at + ending.length);
          return heard.slice(0, at);
        }
        if (this.#closed) throw cutOff(this.#closed.error);
        if (late) return undefined;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      timer.cancel();
    }
  }

  /** Closes the port and waits until that is done: it can be opened again only then. */
  async close(): Promise<void> {
    this.#port.close();
    const timer = this.#clock.setTimer(closeMs, () => {
      this.#port.close("abort");
      this.#closed ??= { error: undefined };
      this.#wake();
    });
    while (!this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    timer.cancel();
  }
}

function toLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
