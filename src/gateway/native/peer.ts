import type { RandomBytes } from "../../base/index.ts";
import {
  decodeItem,
  decodeUplinkBody,
  type DownlinkItem,
  encodeDownlinkBody,
  type ItemDelay,
  type ItemRefusal,
  type NativePair,
  nobleSeal,
  type NumberedItem,
  PartSet,
  type Seal,
  splitUplink,
  typeOfFrame,
  type UplinkBody,
} from "../../wire/index.ts";
import { type JoinSecret, PeerHandshakes } from "./handshakes.ts";
import { resolveItem } from "./items.ts";
import { packBurst, type WaitingMessage } from "./pack.ts";
import { emptyRecord, isNewNumber, type JoinTerms, type NativeRecord, numberOfSequence } from "./record.ts";
import type { PeerSession } from "./session.ts";
import type { ItemOutcome, NativeDrop, NativeReceipt, NodeItem } from "./uplink.ts";

/** How a peer is made. */
export interface NativePeerOptions extends NativePair {
  /** What is stored of the node. Default: nothing, it has to join. */
  readonly record?: NativeRecord | undefined;
  /** Whether a key may be used for the first time that was offered on these terms. Default: it may. */
  readonly mayUse?: (terms: JoinTerms) => boolean;
  /** For handshakes. */
  readonly randomBytes: RandomBytes;
  /** What the radio carries in a frame, in bytes. Default 250. */
  readonly maximumFrameBytes?: number;
  /** How many frames are sent until the node has said what came. Default 4: a node's buffer holds no more. */
  readonly burstFrames?: number;
  /** The longest item that is joined of parts, in bytes. Default 16 KiB. */
  readonly maximumItemBytes?: number;
  /** Default: `nobleSeal`. */
  readonly seal?: Seal;
}

/** What a node is to be told. */
export interface PeerSituation {
  /** The time of day, milliseconds since 1970. */
  readonly time: number;
  readonly brokerOut: boolean;
  /** The first messages of its queue, in the order in which they are to be sent; none if it did not ask for them. */
  readonly messages: readonly WaitingMessage[];
  /** How many wait in all. */
  readonly waiting: number;
  /** That the gateway goes to another channel, if it does. */
  readonly move?: { readonly channel: number; readonly inSeconds: number } | undefined;
}

/** Frames for the node, and what they bring. */
export interface PeerBurst {
  /** To be sent in this order. If one is not acknowledged, the rest may as well be left: the node asks again. */
  readonly frames: readonly Uint8Array[];
  /** The sequence numbers of the messages that are in them as a whole. They stay queued until the node says that they came. */
  readonly sent: readonly number[];
  /** Those of messages that can never be sent: too long, topic included. */
  readonly impossible: readonly number[];
  /** Whether the first of them is an answer, which alone tells of a move. */
  readonly answers: boolean;
}

/** So many refusals are said again. */
const rememberedRefusals = 64;

/**
 * The gateway's end of the native dialect for one node, without any effect of its own. One turn goes
 *
 * 1. `receive(frame)`: what it says;
 * 2. `settle(outcomes)`: one for each item, which gives the record that is to be committed *together with* the items;
 * 3. when that is committed: `committed()`, once for each uplink, whatever is in it;
 * 4. `send(situation)`, and the frames to the radio.
 *
 * A frame that comes again gives no items again. Only `record` is kept; a peer may be dropped at any time and be made anew
 * of it: the node's next frame then begins a new session, which costs one frame each way. Make it when the node is heard:
 * its keys are derived then.
 */
export class NativePeer {
  readonly #options: NativePeerOptions;
  readonly #handshakes: PeerHandshakes;
  #record: NativeRecord;
  #session: PeerSession | undefined;
  /** The numbers of the items that wait for `settle`. */
  #unsettled: readonly number[] = [];
  #delay: ItemDelay | undefined;
  /** Uplinks that may have changed what is not committed. */
  #open = 0;

  constructor(options: NativePeerOptions) {
    this.#options = options;
    this.#record = options.record ?? emptyRecord;
    const { seal = nobleSeal, randomBytes } = options;
    this.#handshakes = new PeerHandshakes(seal, options, randomBytes, this.#record);
  }

  /** What is to be stored of the node. */
  get record(): NativeRecord {
    return this.#record;
  }

  /** Whether the node has said that it stays awake. */
  get stays(): boolean {
    return this.#session?.stays ?? false;
  }

  /** Takes a frame of the node. Never throws. */
  receive(frame: Uint8Array): NativeReceipt {
    switch (typeOfFrame(frame)) {
      case "uplink":
        return this.#receiveUplink(frame);
      case "hello":
        return this.#receiveHello(frame);
      case "join":
        return { type: "join" };
      default:
        return dropped("unknown-version");
    }
  }

  /**
   * Lets the node join, if it knows one of these secrets. Its old key, if it has one, holds
   * until it uses the new one.
   */
  join(frame: Uint8Array, secrets: readonly JoinSecret[]): NativeReceipt {
    const repeated = this.#handshakes.repeat(frame);
    if (repeated) return { type: "handshake", frame: repeated, record: this.#record };
    const joined = this.#handshakes.join(frame, secrets);
    if (!joined) return dropped("not-joined");
    this.#record = { ...this.#record, ...this.#handshakes.record };
    return { type: "handshake", frame: joined, record: this.#record };
  }

  /**
   * Says what became of the items of the last receipt, in their order; those left out are as if they had never come.
   *
   * @returns the record that must be committed together with what was stored. If it cannot be, drop this peer: it takes the items for
   * settled.
   */
  settle(outcomes: readonly ItemOutcome[]): NativeRecord {
    const refused: [number, ItemRefusal][] = [];
    let { nextNumber } = this.#record;
    for (const [index, number] of this.#unsettled.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined && outcome !== "stored" && "later" in outcome) this.#delay = outcome.later;
      if (outcome === undefined || this.#delay) break;
      if (outcome !== "stored" && "refused" in outcome) refused.push([number, outcome.refused]);
      nextNumber = (number + 1) & 0xffff;
    }
    if (this.#unsettled.length > 0) {
      this.#record = { ...this.#record, nextNumber, refused: refused.slice(-rememberedRefusals) };
    }
    this.#unsettled = [];
    return this.#record;
  }

  /** Says that everything which an uplink changed is committed. To be called once for each, before `send`. */
  committed(): void {
    this.#open = Math.max(0, this.#open - 1);
  }

  /**
   * Frames for the node: the answer if it waits for one, and messages if it does or if it stays awake. None while something that
   * the node said is not committed: an answer speaks for all of that, and so comes after the last of it.
   */
  send(situation: PeerSituation): PeerBurst {
    const session = this.#session;
    if (!session || this.#open > 0) return nothing;
    return session.owesAnswer || session.stays ? this.#burst(session, situation) : nothing;
  }

  #burst(session: PeerSession, situation: PeerSituation): PeerBurst {
    const { time, brokerOut, waiting: total } = situation;
    // Those that came meanwhile may have been read from the store before.
    const messages = situation.messages.filter(
      ({ sequence }) => !session.hasCome(numberOfSequence(sequence)),
    );
    const maximumFrames = Math.min(this.#options.burstFrames ?? 4, session.framesLeft);
    const answers = session.owesAnswer;
    if (maximumFrames === 0 || (!answers && messages.length === 0)) return nothing;
    const head = { time, waiting: total, nextNumber: this.#record.nextNumber };
    const { bodies, sent, impossible } = packBurst({
      head: {
        reply: answers ? head : undefined,
        brokerOut,
        items: answers ? this.#answerItems(session, situation) : [],
      },
      messages,
      maximumFrameBytes: this.#options.maximumFrameBytes ?? 250,
      maximumFrames,
      have: session.have,
      shorten: (topic) => session.shorten(topic),
    });
    const gone = situation.messages.length - messages.length + sent.length + impossible.length;
    const waiting = Math.max(0, total - gone);
    session.owesAnswer = false;
    const frames = bodies.map((items, index) => {
      const reply = answers && index === 0 ? { ...head, waiting } : undefined;
      const last = index === bodies.length - 1;
      return session.seal(encodeDownlinkBody({ reply, last, brokerOut, items }));
    });
    return { frames, sent, impossible, answers };
  }

  #receiveHello(frame: Uint8Array): NativeReceipt {
    if (!this.#handshakes.hasKeys) return dropped("not-joined");
    const welcome = this.#handshakes.repeat(frame) ?? this.#handshakes.greet(frame, this.#record.nextNumber);
    return welcome ? handshake(welcome) : dropped("unauthentic");
  }

  #receiveUplink(frame: Uint8Array): NativeReceipt {
    if (!splitUplink(frame)) return dropped("malformed");
    for (const session of [this.#session, ...this.#handshakes.offers]) {
      const opened = session?.open(frame);
      if (session && opened) return this.#take(session, opened.counter, opened.body, frame);
    }
    return this.#renew(frame);
  }

  /** Answers what cannot be read with a new session. */
  #renew(frame: Uint8Array): NativeReceipt {
    const welcome = this.#handshakes.repeat(frame) ?? this.#handshakes.renew(frame, this.#record.nextNumber);
    return welcome ? handshake(welcome) : dropped("not-joined");
  }

  /** Takes what a node that has the key has sent. */
  #take(session: PeerSession, counter: number, bytes: Uint8Array, frame: Uint8Array): NativeReceipt {
    if (counter <= session.counter) return dropped("replayed");
    const { terms } = session;
    if (session !== this.#session && terms && this.#options.mayUse?.(terms) === false) {
      this.#handshakes.refuse(session);
      return dropped("not-joined");
    }
    const promoted = this.#adopt(session);
    session.advance(counter);
    const body = decodeUplinkBody(bytes);
    if (!body) return dropped("malformed");
    session.owesAnswer = body.answer;
    session.stays = body.stays;
    session.have = body.have;
    for (const number of body.came) session.noteCame(number);
    for (const { number } of body.cannotTake) session.noteCame(number);
    this.#delay = undefined;
    this.#unsettled = [];
    const taken = this.#takeItems(session, body);
    if (taken === "malformed") return dropped("malformed");
    if (taken === "unknown-alias") return this.#renew(frame);
    const { answer, fetch, stays, came, cannotTake } = body;
    const record = promoted || taken.refused ? this.#record : undefined;
    const { items, repeated, skipped } = taken;
    this.#open++;
    return {
      type: "uplink",
      joined: promoted ? terms : undefined,
      items,
      repeated,
      skipped,
      came,
      cannotTake,
      answer,
      fetch,
      stays,
      record,
    };
  }

  /** Makes a session the present one; whether that changed the record. */
  #adopt(session: PeerSession): boolean {
    if (session === this.#session) return false;
    this.#session = session;
    if (!this.#handshakes.adopt(session)) return false;
    this.#record = { ...this.#record, ...this.#handshakes.record };
    return true;
  }

  #takeItems(session: PeerSession, body: UplinkBody): TakenItems | "malformed" | "unknown-alias" {
    const next = this.#record.nextNumber;
    const numbers = body.items.map((_, index) => (body.firstNumber + index) & 0xffff);
    session.numbers = numbers;
    const repeated = numbers.filter((number) => !isNewNumber(number, next)).length;
    const [number = next] = numbers.slice(repeated);
    const skipped = (number - next) & 0xffff;
    // Aliases of items that came before count all the same: the answer to them may have been lost.
    const items: NodeItem[] = [];
    for (const [index, one] of body.items.entries()) {
      if (one.type === "part") {
        return body.items.length > 1 ? "malformed" : this.#takePart(session, number, one, repeated, skipped);
      }
      const item = resolveItem(session, one);
      if (!item) return "unknown-alias";
      if (index >= repeated) items.push(item);
    }
    this.#unsettled = numbers.slice(repeated);
    return { items, repeated, skipped, refused: false };
  }

  #takePart(
    session: PeerSession,
    number: number,
    part: Extract<NumberedItem, { type: "part" }>,
    repeated: number,
    skipped: number,
  ): TakenItems | "unknown-alias" {
    // What is missing before it is said once, with the whole.
    const nothingYet = { items: [], repeated, skipped: 0, refused: false };
    if (repeated > 0) return nothingYet;
    if (session.parts?.number !== number || session.parts.count !== part.count) {
      session.parts = new PartSet(number, part.count);
    }
    const whole = session.parts.add(part.index, part.bytes);
    const tooLong = session.parts.bytes > (this.#options.maximumItemBytes ?? 16_384);
    if (!whole && !tooLong) return nothingYet;
    session.parts = undefined;
    this.#unsettled = [number];
    const joined = whole && !tooLong ? decodeItem(whole) : undefined;
    if (!joined) {
      this.settle([{ refused: tooLong ? "too-long" : "malformed" }]);
      return { ...nothingYet, skipped, refused: true };
    }
    const { ageSeconds } = part;
    const item = resolveItem(session, joined.type === "publish" ? { ...joined, ageSeconds } : joined);
    return item ? { ...nothingYet, skipped, items: [item] } : "unknown-alias";
  }

  /** What an answer says besides its head. */
  #answerItems(session: PeerSession, { move }: PeerSituation): DownlinkItem[] {
    const items: DownlinkItem[] = [];
    for (const [number, reason] of this.#record.refused) {
      if (session.numbers.includes(number)) items.push({ type: "refused", number, reason });
    }
    if (this.#delay) items.push({ type: "later", reason: this.#delay });
    if (move) items.push({ type: "move", ...move });
    const { parts } = session;
    if (parts) items.push({ type: "have", number: parts.number, bits: parts.bits });
    return items;
  }
}

interface TakenItems {
  readonly items: readonly NodeItem[];
  readonly repeated: number;
  readonly skipped: number;
  /** Whether something was refused here already, so that the record has changed. */
  readonly refused: boolean;
}

const nothing: PeerBurst = { frames: [], sent: [], impossible: [], answers: false };

function dropped(reason: NativeDrop): NativeReceipt {
  return { type: "dropped", reason };
}

function handshake(frame: Uint8Array): NativeReceipt {
  return { type: "handshake", frame, record: undefined };
}
