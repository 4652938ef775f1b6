import { concatBytes, Ring } from "../../base/index.ts";
import {
  encodeDownlinkHeader,
  type NativeTopic,
  type NodeKeys,
  nonceOf,
  type PartSet,
  type PartsThere,
  type Seal,
  type SessionKeys,
  splitUplink,
} from "../../wire/index.ts";
import type { JoinTerms } from "./record.ts";

/** How many messages that came are remembered, so that none is sent again that was read from the store before. */
const rememberedMessages = 256;
const highestIndex = 255;

/** The gateway's end of one session with a node. In memory only. */
export class PeerSession {
  /** The node's keys that it began with. */
  readonly nodeKeys: NodeKeys;
  /** On which terms these were offered; `undefined` if the node has proved them. */
  readonly terms: JoinTerms | undefined;
  /** The counter of the newest uplink that was taken. */
  counter = 0;
  /** Whether that waits for an answer. */
  owesAnswer = false;
  /** Whether the node stays awake after it. */
  stays = false;
  /** The numbers of the items in it. */
  numbers: readonly number[] = [];
  /** Which parts of long messages the node says it has. */
  have: readonly PartsThere[] = [];
  /** The parts that have come of a long item. */
  parts: PartSet | undefined;
  readonly #seal: Seal;
  readonly #keys: SessionKeys;
  /** The topics of the aliases, and the messages that came: made when there are any, since there may be very many sessions. */
  #topics: Map<number, string> | undefined;
  #came: Ring<number> | undefined;
  #index = 0;

  constructor(seal: Seal, keys: SessionKeys, nodeKeys: NodeKeys, terms: JoinTerms | undefined) {
    this.#seal = seal;
    this.#keys = keys;
    this.nodeKeys = nodeKeys;
    this.terms = terms;
  }

  /** The body of an uplink and its counter, if it is of this session. */
  open(frame: Uint8Array): { readonly counter: number; readonly body: Uint8Array } | undefined {
    const parts = splitUplink(frame);
    if (!parts) return undefined;
    const { counter, header, sealed } = parts;
    const body = this.#seal.open(this.#keys.uplink, nonceOf(counter, 0), header, sealed);
    return body && { counter, body };
  }

  /** Takes an uplink as the newest. */
  advance(counter: number): void {
    this.counter = counter;
    this.#index = 0;
  }

  /** How many more frames can answer the newest uplink. */
  get framesLeft(): number {
    return this.counter === 0 ? 0 : highestIndex + 1 - this.#index;
  }

  /** Seals a downlink that answers the newest uplink. */
  seal(body: Uint8Array): Uint8Array {
    const header = encodeDownlinkHeader(this.counter, this.#index);
    const nonce = nonceOf(this.counter, this.#index);
    this.#index++;
    return concatBytes([header, this.#seal.seal(this.#keys.downlink, nonce, header, body)]);
  }

  /** The name of a topic, and agrees on its alias if it has both; `undefined` if the alias is not known. */
  resolve({ name, alias }: NativeTopic): string | undefined {
    if (alias === undefined) return name;
    if (name === undefined) return this.#topics?.get(alias);
    this.#topics ??= new Map();
    this.#topics.set(alias, name);
    return name;
  }

  /** A topic as it goes to the node: by its alias if there is one. */
  shorten(name: string): NativeTopic {
    for (const [alias, topic] of this.#topics ?? []) if (topic === name) return { name: undefined, alias };
    return { name, alias: undefined };
  }

  /** Notes that the node has a message. */
  noteCame(number: number): void {
    this.#came ??= new Ring(rememberedMessages);
    this.#came.pushEvicting(number);
  }

  /** Whether the node has said, not long ago, that it has a message. */
  hasCome(number: number): boolean {
    for (const one of this.#came ?? []) if (one === number) return true;
    return false;
  }
}
