import { Counters, fromHex, type RandomBytes, toHex } from "../base/index.ts";
import {
  assembleUplink,
  decodeDownlinkBody,
  decodeJoined,
  decodeWelcome,
  deriveNodeKeys,
  type DownlinkBody,
  type DownlinkItem,
  encodeHello,
  encodeJoin,
  type ItemDelay,
  type ItemRefusal,
  type NativePair,
  type NativeTopic,
  type NodeKeys,
  randomLength,
  type ReplyHead,
  type Seal,
  typeOfFrame,
  type UplinkBody,
  uplinkOverhead,
} from "../wire/index.ts";
import { Inbox } from "./native-inbox.ts";
import { Outbox } from "./native-outbox.ts";
import { NodeSession, type OpenedDownlink } from "./native-session.ts";
import type { NativeNodeState } from "./native-state.ts";

/** How the node's end is made. */
export interface NativeEndOptions {
  readonly pair: NativePair;
  readonly seal: Seal;
  readonly randomBytes: RandomBytes;
  readonly maximumFrameBytes: number;
  /** The longest message that is taken, in bytes. */
  readonly maximumMessageBytes: number;
  /** How many items wait in the outbox. */
  readonly outboxLimit: number;
  readonly state: NativeNodeState | undefined;
}

/** What a native node counts. */
export type NativeNodeCount =
  /** Frames from somebody other than the gateway. */
  | "foreign"
  /** Frames that are no downlinks of this session, or were heard before. */
  | "unreadable"
  /** Downlinks that make no sense, although they are the gateway's. */
  | "malformed"
  /** Sessions that began. */
  | "sessions";

/** What a heard frame came to. */
export type NativeEvent =
  | "nothing"
  /** A session has begun: what was said has to be said again. */
  | "renewed"
  /** The node has joined, and has a key. */
  | "joined"
  /** A frame of an answer, more of it is under way. */
  | "more"
  /** The last frame of an answer. */
  | "complete";

/** Frames to be sent in a row. */
export interface NodeFrames {
  readonly frames: readonly Uint8Array[];
  /** Whether the gateway answers the last of them. */
  readonly answered: boolean;
}

/** What the last reply said. */
export interface LastReply {
  /** The time of day at the gateway, milliseconds since 1970. */
  readonly time: number;
  readonly waiting: number;
  readonly brokerOut: boolean;
  /** Why items were not taken for now. */
  readonly later: ItemDelay | undefined;
}

/** The gateway goes to another channel. */
type MoveNotice = Pick<Extract<DownlinkItem, { type: "move" }>, "channel" | "inSeconds">;

/** What an uplink told, which is known at the gateway once that is answered. */
interface Told {
  readonly numbers: readonly number[];
  readonly topics: readonly NativeTopic[];
}

type Tellable = Pick<UplinkBody, "came" | "have" | "cannotTake">;
const nothingToTell: Tellable = { came: [], have: [], cannotTake: [] };

/** An answer to an uplink older than this many tells nothing any more. */
const rememberedUplinks = 16;
/** So many numbers of messages go unconfirmed into sleep; with more the node waits for a reply. */
const maximumUnconfirmed = 16;
/** What may be told of messages takes at the most so many bytes of an uplink, so that items have room. */
const maximumToldBytes = 100;

/**
 * The node's end of the native dialect, without any effect of its own: `frames` says what to send, `receive` takes what was
 * heard.
 */
export class NativeEnd {
  readonly counters = new Counters<NativeNodeCount>();
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  /** What the last reply said; `undefined` before the first. */
  reply: LastReply | undefined;
  /** Where the gateway said last that it will go. */
  #move: MoveNotice | undefined;
  readonly #options: NativeEndOptions;
  #keys: NodeKeys | undefined;
  #session: NodeSession | undefined;
  /** The frame sent last, which a welcome is bound to. */
  #lastFrame: Uint8Array = new Uint8Array();
  #secret: Uint8Array | undefined;
  readonly #told = new Map<number, Told>();
  /** The place of the next downlink among those that answer one uplink, and which that is. */
  #expected = { counter: 0, index: 0 };
  #missed = false;
  #isOpen = false;

  constructor(options: NativeEndOptions) {
    this.#options = options;
    const { state } = options;
    this.outbox = new Outbox(options.outboxLimit, state?.nextNumber, state?.outbox);
    this.inbox = new Inbox(options.maximumMessageBytes, state?.came);
    const key = state && fromHex(state.key);
    if (key) this.#keys = deriveNodeKeys(options.seal, options.pair, key);
    if (state?.session) this.#session = NodeSession.wake(options.seal, state.session);
  }

  /** Whether the node has a key. */
  get hasKey(): boolean {
    return this.#keys !== undefined;
  }

  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  /** Begins an exchange: what the last one came to no longer counts. */
  begin(): void {
    this.reply = undefined;
    this.#missed = false;
    this.#isOpen = false;
  }

  /** Where the gateway said that it will go, if that was not taken yet. */
  takeMove(): MoveNotice | undefined {
    const move = this.#move;
    this.#move = undefined;
    return move;
  }

  /** Whether more frames are to come before it is time to say what came. */
  get awaitsMore(): boolean {
    return this.#isOpen;
  }

  /** Whether there is something that only another uplink can bring: items to settle, or messages of which frames are missing. */
  get unfinished(): boolean {
    return this.#missed || this.inbox.have.length > 0 || (this.outbox.size > 0 && !this.reply?.later);
  }

  /** A frame that asks to join. */
  join(secret: Uint8Array): Uint8Array {
    const { seal, pair, randomBytes } = this.#options;
    this.#secret = secret;
    this.#lastFrame = encodeJoin(seal, pair, secret, randomBytes(randomLength));
    return this.#lastFrame;
  }

  /** Frames that say all there is to say, and ask for an answer. A hello if there is no session. @returns `undefined` without a key */
  frames(fetch: boolean, stays: boolean, now: number): NodeFrames | undefined {
    if (!this.#keys) return undefined;
    const session = this.#session;
    if (!session || session.exhausted) return { frames: [this.#hello(this.#keys)], answered: true };
    const room = this.#options.maximumFrameBytes - uplinkOverhead;
    const told = this.#tellable();
    const rows = this.outbox.encode(session, now, room - sizeOf(told), room - sizeOf(nothingToTell));
    if (rows.length === 0) rows.push({ firstNumber: 0, items: [], topics: [], alone: false });
    const frames = rows.map(({ firstNumber, items, topics, alone }, index) => {
      const answer = index === rows.length - 1;
      const head = { answer, fetch: fetch && !alone, stays, firstNumber };
      return this.#uplink(session, head, alone ? nothingToTell : told, items, topics);
    });
    return { frames, answered: true };
  }

  /** A frame that only says what came, if anything did; it is answered only where too much is uncertain. */
  lastWord(stays: boolean): NodeFrames | undefined {
    const { came, cannotTake } = this.inbox;
    if (!this.#session || came.length + cannotTake.length === 0) return undefined;
    const answered = came.length > maximumUnconfirmed;
    // One that stays awake takes more at once, if there is any.
    const head = { answer: answered, fetch: stays, stays, firstNumber: 0 };
    return { frames: [this.#uplink(this.#session, head, this.#tellable(), [], [])], answered };
  }

  /** Takes a frame of the gateway. Never throws. */
  receive(frame: Uint8Array): NativeEvent {
    switch (typeOfFrame(frame)) {
      case "downlink":
        return this.#receiveDownlink(frame);
      case "welcome":
        return this.#receiveWelcome(frame);
      case "joined":
        return this.#receiveJoined(frame);
      default:
        return this.#unreadable();
    }
  }

  /** What is remembered while the node sleeps; `undefined` without a key. */
  toState(): NativeNodeState | undefined {
    if (!this.#keys) return undefined;
    return {
      key: toHex(this.#keys.node),
      session: this.#session?.toState(),
      nextNumber: this.outbox.nextNumber,
      came: this.inbox.came,
      outbox: this.outbox.toState(),
    };
  }

  #hello(keys: NodeKeys): Uint8Array {
    const { seal, randomBytes } = this.#options;
    this.#lastFrame = encodeHello(seal, keys, randomBytes(randomLength));
    return this.#lastFrame;
  }

  /** What the gateway should know of the messages that came. */
  #tellable(): Tellable {
    const { came, have } = this.inbox;
    const cannotTake = this.inbox.cannotTake.slice(0, 8);
    const told = { came, have, cannotTake };
    while (sizeOf(told) > maximumToldBytes) told.came = told.came.slice(0, told.came.length / 2);
    return told;
  }

  #uplink(
    session: NodeSession,
    head: { answer: boolean; fetch: boolean; stays: boolean; firstNumber: number },
    tell: Tellable,
    items: readonly Uint8Array[],
    topics: readonly NativeTopic[],
  ): Uint8Array {
    this.#lastFrame = session.seal(assembleUplink({ ...head, ...tell }, items));
    const numbers = [...tell.came, ...tell.cannotTake.map(({ number }) => number)];
    this.#told.set(session.counter, { numbers, topics });
    this.#told.delete(session.counter - rememberedUplinks);
    return this.#lastFrame;
  }

  #receiveJoined(frame: Uint8Array): NativeEvent {
    const { seal, pair } = this.#options;
    const secret = this.#secret;
    const keys = secret && decodeJoined(seal, pair, secret, this.#lastFrame, frame);
    if (!keys) return this.#unreadable();
    this.#secret = undefined;
    this.#keys = keys;
    this.#session = undefined;
    return "joined";
  }

  #receiveWelcome(frame: Uint8Array): NativeEvent {
    const { seal, pair } = this.#options;
    const welcome = this.#keys && decodeWelcome(seal, pair, this.#keys, this.#lastFrame, frame);
    if (!welcome) return this.#unreadable();
    // Heard twice, it begins nothing twice.
    this.#lastFrame = new Uint8Array();
    this.#session = new NodeSession(seal, welcome.session);
    this.#told.clear();
    this.#missed = false;
    this.#expected = { counter: 0, index: 0 };
    this.outbox.learnNextNumber(welcome.nextNumber);
    this.outbox.startOver();
    this.counters.add("sessions");
    return "renewed";
  }

  #receiveDownlink(frame: Uint8Array): NativeEvent {
    const session = this.#session;
    const opened = session?.open(frame);
    if (!session || !opened) return this.#unreadable();
    const body = decodeDownlinkBody(opened.body);
    if (!body) {
      this.counters.add("malformed");
      return "nothing";
    }
    this.#notePlace(opened);
    const told = body.reply && this.#told.get(opened.counter);
    for (const topic of told?.topics ?? []) session.agree(topic);
    for (const item of body.items) {
      if (this.inbox.take(item, session, !this.#missed)) continue;
      // The gateway uses an alias that this end does not know: the two have to begin anew.
      this.counters.add("malformed");
      this.#session = undefined;
      return "nothing";
    }
    if (told) this.inbox.confirm(told.numbers);
    if (body.reply) this.#takeReply(body.reply, body);
    this.#isOpen = !body.last;
    return body.last ? "complete" : "more";
  }

  /** Notes whether frames before this one are missing. */
  #notePlace({ counter, index }: OpenedDownlink): void {
    if (counter !== this.#expected.counter) {
      this.#missed = false;
      this.#expected = { counter, index: 0 };
    }
    if (index !== this.#expected.index) this.#missed = true;
    this.#expected.index = index + 1;
  }

  #takeReply({ time, waiting, nextNumber }: ReplyHead, body: DownlinkBody): void {
    const refused = new Map<number, ItemRefusal>();
    let later: ItemDelay | undefined;
    for (const item of body.items) {
      if (item.type === "refused") refused.set(item.number, item.reason);
      else if (item.type === "later") later = item.reason;
      else if (item.type === "have") this.outbox.noteHave(item.number, item.bits);
      else if (item.type === "move") this.#move = item;
    }
    this.reply = { time, waiting, brokerOut: body.brokerOut, later };
    this.outbox.settle(nextNumber, refused);
  }

  #unreadable(): NativeEvent {
    this.counters.add("unreadable");
    return "nothing";
  }
}

/** What an uplink's body takes before its items. */
function sizeOf(tell: Tellable): number {
  // Flags, and the first item's number.
  const bareBytes = 3;
  if (tell.came.length + tell.have.length + tell.cannotTake.length === 0) return bareBytes;
  const head = { answer: false, fetch: false, stays: false, firstNumber: 0 };
  return assembleUplink({ ...head, ...tell }, []).length + bareBytes - 1;
}
