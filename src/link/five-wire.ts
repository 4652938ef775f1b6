import { type Clock, Counters, type Timer } from "../base/index.ts";
import type { FiveLines, InputLine, OutputLine } from "../device/index.ts";
import {
  decodeSevenBit,
  encodeSevenBit,
  isNativeLink,
  isSevenBit,
  longestString,
  SynCom,
  type SynComLines,
} from "../wire/index.ts";
import type { LinkWire, LinkWireListener } from "./wire.ts";

/** What a five-wire link is made of. All times in milliseconds. */
export interface FiveWireOptions {
  /** The host resets and begins; the modem follows. */
  readonly role: "host" | "modem";
  readonly lines: FiveLines;
  readonly clock: Clock;
  /** How long the other end may take for one bit; half as long again may pass before it is seen. Default at the host 10,000, at the modem 30,000; 0 for ever. */
  readonly timeoutMs?: number;
  /** How long the host holds the reset line. Default 100. */
  readonly resetMs?: number;
  /** How long it lets the modem start then. Default 1000. */
  readonly settleMs?: number;
  /** How long an end waits between two characters while neither has anything to say. Default 10. */
  readonly idleMs?: number;
}

/** How many characters may wait: more than one message only up to this. */
const mostWaiting = 2000;
/** What a modem is given in place of a message that was damaged: no message begins so. */
const damaged = Uint8Array.of(0xff);

/**
 * Five GPIO lines as a {@link LinkWire}, in the bits of the classic programs ({@link SynCom}). Classic strings go as they are;
 * messages of the native dialect in seven bits and with a sum, so that damage is seen.
 */
export class FiveWire implements LinkWire {
  readonly sevenBit = true;
  readonly drops = new Counters<"damaged">();
  readonly #options: Required<FiveWireOptions>;
  #listener: LinkWireListener | undefined;
  #syncom: SynCom | undefined;
  #timers: { watchdog?: Timer | undefined; step?: Timer | undefined } = {};
  #refused = false;
  #resting = false;
  /** How many halves of the timeout have passed without a bit. */
  #silentHalves = 0;

  constructor(options: FiveWireOptions) {
    const timeoutMs = options.role === "host" ? 10_000 : 30_000;
    this.#options = { timeoutMs, resetMs: 100, settleMs: 1000, idleMs: 10, ...options };
  }

  start(listener: LinkWireListener): void {
    const { lines, role } = this.#options;
    this.#listener = listener;
    lines.clockIn.listen(() => this.#onClock());
    if (role === "modem") (lines.reset as InputLine).listen(() => this.#onReset());
    this.#begin();
  }

  send(message: Uint8Array): boolean {
    const syncom = this.#syncom;
    if (!syncom?.isSynchronised) return false;
    if (syncom.waiting > 0 && syncom.waiting + message.length > mostWaiting) {
      this.#refused = true;
      return false;
    }
    const characters = toCharacters(message);
    if (characters.length > longestString) return false;
    syncom.send(characters);
    this.#wake();
    return true;
  }

  isTooLong(message: Uint8Array): boolean {
    return toCharacters(message).length > longestString;
  }

  reset(): void {
    this.#fail("this end begins anew", false);
  }

  close(): void {
    this.#listener = undefined;
    this.#stop();
    this.#options.lines.close();
  }

  /** From the reset of the modem on; the modem waits for the host. */
  #begin(): void {
    const { role, lines, clock, resetMs, settleMs } = this.#options;
    if (role === "modem") {
      if ((lines.reset as InputLine).read() === 1) this.#synchronise("passive");
      return;
    }
    const reset = lines.reset as OutputLine;
    reset.write(0);
    this.#timers.step = clock.setTimer(resetMs, () => {
      reset.write(1);
      this.#timers.step = clock.setTimer(settleMs, () => this.#synchronise("initiator"));
    });
  }

  #synchronise(role: "initiator" | "passive"): void {
    const syncom: SynCom = new SynCom(role, {
      synchronised: () => this.#listener?.onUp(),
      receive: (characters) => this.#take(characters),
      drained: () => this.#onDrained(),
    });
    this.#syncom = syncom;
    this.#put(syncom.begin());
    this.#watch();
    this.#onClock();
  }

  /** The other end's clock may have moved. */
  #onClock(): void {
    if (this.#syncom && !this.#resting && this.#options.lines.clockIn.read() === this.#syncom.awaits) {
      this.#exchange(this.#syncom);
    }
  }

  #exchange(syncom: SynCom): void {
    const { lines, clock, idleMs } = this.#options;
    const put = syncom.exchange(lines.dataIn.read());
    // A string that was received may have ended this conversation.
    if (syncom !== this.#syncom) return;
    this.#put(put);
    if (syncom.isBusy || syncom.bits % bitsBetweenRests !== 0) return;
    // Nothing to say: no need to keep two processors busy.
    this.#resting = true;
    this.#timers.step = clock.setTimer(idleMs, () => this.#wake());
  }

  #wake(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#timers.step?.cancel();
    this.#onClock();
  }

  #put({ data, clock }: SynComLines): void {
    // Data first: it has to be there when the edge comes.
    this.#options.lines.dataOut.write(data);
    this.#options.lines.clockOut.write(clock);
  }

  #take(characters: Uint8Array): void {
    if (!isSevenBit(characters)) {
      this.#listener?.onMessage(characters);
      return;
    }
    const message = decodeSevenBit(characters);
    if (message) {
      this.#listener?.onMessage(message);
      return;
    }
    this.drops.add("damaged");
    if (this.#options.role === "modem") this.#listener?.onMessage(damaged);
    else this.#fail("a message was damaged on the wire", true);
  }

  #onDrained(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.#listener?.onWritable();
  }

  /** The modem's reset line has moved. */
  #onReset(): void {
    if ((this.#options.lines.reset as InputLine).read() === 0) this.#end("the host resets", false);
    else if (!this.#syncom) this.#begin();
  }

  /** Looks after a while whether bits still come: a timer for each would cost more than the bit. */
  #watch(): void {
    const { clock, timeoutMs, role } = this.#options;
    const syncom = this.#syncom;
    if (timeoutMs === 0 || !syncom) return;
    const { bits } = syncom;
    this.#timers.watchdog = clock.setTimer(timeoutMs / 2, () => {
      // A modem that nobody has spoken to waits for ever.
      const waits = role === "modem" && !syncom.isSynchronised;
      this.#silentHalves = syncom.bits === bits && !waits ? this.#silentHalves + 1 : 0;
      if (this.#silentHalves >= 2) this.#fail("the other end is silent", true);
      else this.#watch();
    });
  }

  /** Ends the conversation and begins anew. */
  #fail(why: string, gone: boolean): void {
    this.#end(why, gone);
    if (this.#listener) this.#begin();
  }

  #end(why: string, gone: boolean): void {
    const wasUp = this.#syncom?.isSynchronised ?? false;
    this.#stop();
    if (wasUp) this.#listener?.onDown(why, gone);
  }

  #stop(): void {
    this.#syncom = undefined;
    this.#refused = false;
    this.#resting = false;
    this.#silentHalves = 0;
    this.#timers.watchdog?.cancel();
    this.#timers.step?.cancel();
    this.#timers = {};
    this.#put({ data: 0, clock: 0 });
  }
}

function toCharacters(message: Uint8Array): Uint8Array {
  return isNativeLink(message) ? encodeSevenBit(message) : message;
}

/** A rest comes about once a character. */
const bitsBetweenRests = 7;
