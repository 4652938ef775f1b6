import { equalBytes, fromHex, type RandomBytes, toHex } from "../../base/index.ts";
import {
  deriveNodeKeys,
  encodeJoined,
  encodeWelcome,
  isHelloOf,
  isJoinOf,
  type NativePair,
  type NodeKeys,
  randomLength,
  type Seal,
} from "../../wire/index.ts";
import type { JoinTerms, NativeRecord } from "./record.ts";
import { PeerSession } from "./session.ts";

/** What of a record is a matter of keys. */
type KeyRecord = Pick<NativeRecord, "key" | "candidate">;

/** A secret by which a node may join, and on which terms. */
export interface JoinSecret extends JoinTerms {
  readonly secret: Uint8Array;
}

/** Keys that a node was offered. */
interface OfferedKeys {
  readonly keys: NodeKeys;
  readonly terms: JoinTerms;
}

/** A session that was offered counts only when the node uses it; so many are kept. */
const maximumOffers = 2;

/** The keys of one node, and the sessions that were offered to it. */
export class PeerHandshakes {
  /** Sessions that the node has not used yet, the newest first. */
  offers: readonly PeerSession[] = [];
  readonly #seal: Seal;
  readonly #pair: NativePair;
  readonly #randomBytes: RandomBytes;
  #keys: NodeKeys | undefined;
  #candidate: OfferedKeys | undefined;
  /** The last answer, so that the same frame, heard twice, gets the same again. */
  #last: { readonly heard: Uint8Array; readonly answer: Uint8Array } | undefined;

  constructor(seal: Seal, pair: NativePair, randomBytes: RandomBytes, record: KeyRecord) {
    this.#seal = seal;
    this.#pair = pair;
    this.#randomBytes = randomBytes;
    this.#keys = this.#keysOf(record.key);
    const { candidate } = record;
    const offered = this.#keysOf(candidate?.key);
    this.#candidate = candidate && offered && { keys: offered, terms: candidate };
  }

  /** Whether the node has a key, or has been offered one. */
  get hasKeys(): boolean {
    return this.#keys !== undefined || this.#candidate !== undefined;
  }

  /** What is to be stored. */
  get record(): KeyRecord {
    return {
      key: this.#keys && toHex(this.#keys.node),
      candidate: this.#candidate && {
        key: toHex(this.#candidate.keys.node),
        code: this.#candidate.terms.code,
        until: this.#candidate.terms.until,
      },
    };
  }

  /** The answer that this frame got before, if it was the last of its kind. */
  repeat(frame: Uint8Array): Uint8Array | undefined {
    return this.#last && equalBytes(this.#last.heard, frame) ? this.#last.answer : undefined;
  }

  /** A welcome to a hello; `undefined` if it is not of this node. */
  greet(hello: Uint8Array, nextNumber: number): Uint8Array | undefined {
    if (this.#keys && isHelloOf(this.#seal, this.#keys, hello)) {
      return this.#welcome(hello, this.#keys, undefined, nextNumber);
    }
    const { keys, terms } = this.#candidate ?? {};
    if (!keys || !isHelloOf(this.#seal, keys, hello)) return undefined;
    return this.#welcome(hello, keys, terms, nextNumber);
  }

  /** A welcome to an uplink that cannot be read; `undefined` if the node has no key. */
  renew(uplink: Uint8Array, nextNumber: number): Uint8Array | undefined {
    return this.#keys && this.#welcome(uplink, this.#keys, undefined, nextNumber);
  }

  /** The answer to a join, which offers a new key; `undefined` if the node knows none of the secrets. */
  join(join: Uint8Array, secrets: readonly JoinSecret[]): Uint8Array | undefined {
    const used = secrets.find(({ secret }) => isJoinOf(this.#seal, this.#pair, secret, join));
    if (!used) return undefined;
    const { secret, ...terms } = used;
    const random = this.#randomBytes(randomLength);
    const { frame, keys } = encodeJoined(this.#seal, this.#pair, secret, join, random);
    this.#candidate = { keys, terms };
    return this.#remember(join, frame);
  }

  /** Notes that the node uses a session that was offered. Whether it has proved a new key by that. */
  adopt(session: PeerSession): boolean {
    this.#close();
    if (session.nodeKeys === this.#keys) return false;
    // A later join may have offered another key meanwhile: which of them the node has is not known before it uses it.
    this.#keys = session.nodeKeys;
    if (this.#candidate?.keys === this.#keys) this.#candidate = undefined;
    return true;
  }

  /** Takes back a key that may not be used any more. */
  refuse({ nodeKeys }: PeerSession): void {
    this.#close();
    if (this.#candidate?.keys === nodeKeys) this.#candidate = undefined;
  }

  #close(): void {
    this.offers = [];
    this.#last = undefined;
  }

  #welcome(
    answered: Uint8Array,
    keys: NodeKeys,
    terms: JoinTerms | undefined,
    nextNumber: number,
  ): Uint8Array {
    const random = this.#randomBytes(randomLength);
    const { frame, session } = encodeWelcome(this.#seal, this.#pair, keys, { answered, random, nextNumber });
    const offer = new PeerSession(this.#seal, session, keys, terms);
    this.offers = [offer, ...this.offers].slice(0, maximumOffers);
    return this.#remember(answered, frame);
  }

  #remember(heard: Uint8Array, answer: Uint8Array): Uint8Array {
    this.#last = { heard: heard.slice(), answer };
    return answer;
  }

  #keysOf(hex: string | undefined): NodeKeys | undefined {
    const key = hex === undefined ? undefined : fromHex(hex);
    return key && deriveNodeKeys(this.#seal, this.#pair, key);
  }
}
