/** What both ends send first, lowest bit first: how they find where characters begin. */
const synchronisation = 0x9d;
const bitsOfCharacter = 7;
/** What an initiator sends between the synchronisation and its first character. */
const fillerBits = 1;
/** The longest string that an end takes, unless it is told otherwise, in characters. */
export const longestString = 65_536;

/** The level of a line. */
export type Level = 0 | 1;

/** How an end puts its two lines: data before clock. */
export interface SynComLines {
  readonly data: Level;
  readonly clock: Level;
}

/** What a {@link SynCom} tells. */
export interface SynComOutput {
  /** The other end is there, and both know where characters begin. */
  synchronised(): void;
  /** A string has come: characters 1 … 127, at least one. */
  receive(characters: Uint8Array): void;
  /** Nothing waits to be sent any more. */
  drained(): void;
}

/**
 * One end of "SynCom", the five-wire channel of the classic host programs: every edge of a clock line is a bit, each way;
 * an end waits for the other's edge, takes its data, puts its own next bit and then its own edge. Characters have
 * seven bits, lowest first; a string ends with a zero, and zeros flow while there is nothing to say. No time is in it.
 *
 * It knows no lines: what they have to be it returns.
 */
export class SynCom {
  /** Whether both ends know where characters begin. */
  isSynchronised = false;
  /** Strings that had to be dropped because they were longer than may be. */
  tooLong = 0;
  /** Bits exchanged so far. */
  bits = 0;
  readonly #role: "initiator" | "passive";
  readonly #output: SynComOutput;
  readonly #longest: number;
  #clock: Level = 0;
  /** Bits on their way in and out, lowest first. */
  #incoming = 0;
  #incomingBits = 0;
  #outgoing = synchronisation;
  #outgoingBits = 8;
  readonly #queue: Uint8Array[] = [];
  #sent = 0;
  #received: number[] = [];
  #overlong = false;

  /** @param longest the longest string taken, in characters */
  constructor(role: "initiator" | "passive", output: SynComOutput, longest = longestString) {
    this.#role = role;
    this.#output = output;
    this.#longest = longest;
  }

  /** The level of the other end's clock line at which it is this end's turn. */
  get awaits(): Level {
    return this.#role === "initiator" ? this.#clock : ((this.#clock ^ 1) as Level);
  }

  /** Whether anything is on its way: a string of either end. */
  get isBusy(): boolean {
    return !this.isSynchronised || this.#queue.length > 0 || this.#received.length > 0 || this.#overlong;
  }

  /** How many characters wait to be sent. */
  get waiting(): number {
    return this.#queue.reduce((sum, one) => sum + one.length + 1, -this.#sent);
  }

  /** How the lines are at the beginning. */
  begin(): SynComLines {
    if (this.#role === "passive") return { data: 0, clock: 0 };
    this.#clock = 1;
    return { data: this.#nextBit(), clock: 1 };
  }

  /** Takes a string to be sent: characters 1 … 127. An empty one is nothing. */
  send(characters: Uint8Array): void {
    if (characters.length > 0) this.#queue.push(characters);
  }

  /** The other end's clock is at `awaits`, its data line at this level: takes that bit and gives its own. */
  exchange(data: Level): SynComLines {
    this.bits++;
    // Before the bit that goes out is chosen, so that it is known whether characters have begun.
    const wasSynchronised = this.isSynchronised;
    const next = this.#nextBit();
    if (wasSynchronised) this.#takeBit(data);
    else this.#synchronise(data);
    this.#clock = (this.#clock ^ 1) as Level;
    return { data: next, clock: this.#clock };
  }

  #synchronise(data: Level): void {
    this.#incoming = (this.#incoming >> 1) | (data << 7);
    if (this.#incoming !== synchronisation) return;
    this.isSynchronised = true;
    this.#incoming = 0;
    this.#incomingBits = this.#role === "passive" ? -fillerBits : 0;
    this.#outgoingBits = 0;
    this.#output.synchronised();
  }

  #takeBit(data: Level): void {
    if (this.#incomingBits < 0) {
      this.#incomingBits++;
      return;
    }
    this.#incoming |= data << this.#incomingBits++;
    if (this.#incomingBits < bitsOfCharacter) return;
    const character = this.#incoming;
    this.#incoming = 0;
    this.#incomingBits = 0;
    this.#takeCharacter(character);
  }

  #takeCharacter(character: number): void {
    if (character !== 0) {
      if (this.#received.length < this.#longest) this.#received.push(character);
      else this.#overlong = true;
      return;
    }
    const received = this.#received;
    const overlong = this.#overlong;
    this.#received = [];
    this.#overlong = false;
    if (overlong) this.tooLong++;
    else if (received.length > 0) this.#output.receive(Uint8Array.from(received));
  }

  #nextBit(): Level {
    if (this.#outgoingBits === 0 && this.isSynchronised) {
      this.#outgoing = this.#nextCharacter();
      this.#outgoingBits = bitsOfCharacter;
    }
    const bit = (this.#outgoing & 1) as Level;
    this.#outgoing >>= 1;
    this.#outgoingBits = Math.max(0, this.#outgoingBits - 1);
    return bit;
  }

  /** The next of the string that is being sent, the zero behind it, or a zero because there is none. */
  #nextCharacter(): number {
    const [first] = this.#queue;
    if (!first) return 0;
    if (this.#sent < first.length) return (first[this.#sent++] ?? 0) & 127;
    this.#sent = 0;
    this.#queue.shift();
    if (this.#queue.length === 0) this.#output.drained();
    return 0;
  }
}
