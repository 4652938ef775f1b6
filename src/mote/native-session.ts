import { concatBytes, fromHex, toHex } from "../base/index.ts";
import {
  encodeUplinkHeader,
  maximumAlias,
  type NativeTopic,
  nonceOf,
  type Seal,
  type SessionKeys,
  splitDownlink,
} from "../wire/index.ts";
import type { NativeSessionState } from "./native-state.ts";

/** A downlink that was opened, and which uplink it answers. */
export interface OpenedDownlink {
  readonly counter: number;
  /** Its place among the frames that answer that uplink. */
  readonly index: number;
  readonly body: Uint8Array;
}

/** The node's end of a session. */
export class NodeSession {
  readonly #seal: Seal;
  readonly #keys: SessionKeys;
  readonly #aliases = new Map<string, number>();
  /** The aliases that the gateway is certain to know. */
  readonly #agreed = new Set<number>();
  #counter: number;
  /** The counter and index of the newest downlink. */
  #heardCounter: number;
  #heardIndex = -1;

  constructor(seal: Seal, keys: SessionKeys, counter = 0, topics: NativeSessionState["topics"] = []) {
    this.#seal = seal;
    this.#keys = keys;
    for (const [alias, topic, agreed] of topics) {
      this.#aliases.set(topic, alias);
      if (agreed) this.#agreed.add(alias);
    }
    this.#counter = counter;
    // What answers an uplink of before the sleep comes too late.
    this.#heardCounter = counter + 1;
  }

  /** The session of a node that has slept; `undefined` if the state is none. */
  static wake(seal: Seal, state: NativeSessionState): NodeSession | undefined {
    const [uplink, downlink] = [fromHex(state.uplink), fromHex(state.downlink)];
    if (uplink?.length !== 16 || downlink?.length !== 16) return undefined;
    return new NodeSession(seal, { uplink, downlink }, state.counter, state.topics);
  }

  /** The counter of the newest uplink. */
  get counter(): number {
    return this.#counter;
  }

  /** Whether no counter is left, so that another session is needed. */
  get exhausted(): boolean {
    return this.#counter >= 0xffff_ffff;
  }

  seal(body: Uint8Array): Uint8Array {
    const counter = ++this.#counter;
    const header = encodeUplinkHeader(counter);
    return concatBytes([header, this.#seal.seal(this.#keys.uplink, nonceOf(counter, 0), header, body)]);
  }

  /** Opens a downlink; `undefined` if it is not of this session, or not newer than all before. */
  open(frame: Uint8Array): OpenedDownlink | undefined {
    const parts = splitDownlink(frame);
    if (!parts) return undefined;
    const { counterByte, index, header, sealed } = parts;
    const counter = this.#counter - ((this.#counter - counterByte) & 0xff);
    const isNew =
      counter > this.#heardCounter || (counter === this.#heardCounter && index > this.#heardIndex);
    if (counter < 1 || !isNew) return undefined;
    const body = this.#seal.open(this.#keys.downlink, nonceOf(counter, index), header, sealed);
    if (!body) return undefined;
    this.#heardCounter = counter;
    this.#heardIndex = index;
    return { counter, index, body };
  }

  /** A topic as it goes to the gateway: its alias if that is agreed on; otherwise its name, with an alias while there are any. */
  shorten(name: string): NativeTopic {
    const known = this.#aliases.get(name);
    if (known !== undefined && this.#agreed.has(known)) return { name: undefined, alias: known };
    if (known !== undefined || this.#aliases.size >= maximumAlias) return { name, alias: known };
    const alias = this.#aliases.size + 1;
    this.#aliases.set(name, alias);
    return { name, alias };
  }

  /** Notes that the gateway has read a frame with this topic. */
  agree({ alias }: NativeTopic): void {
    if (alias !== undefined) this.#agreed.add(alias);
  }

  /** The name of a topic of the gateway's. */
  resolve({ name, alias }: NativeTopic): string | undefined {
    if (name !== undefined) return name;
    for (const [topic, one] of this.#aliases) if (one === alias) return topic;
    return undefined;
  }

  /** What is remembered of it while the node sleeps. */
  toState(): NativeSessionState {
    return {
      uplink: toHex(this.#keys.uplink),
      downlink: toHex(this.#keys.downlink),
      counter: this.#counter,
      topics: [...this.#aliases].map(([topic, alias]) => [alias, topic, this.#agreed.has(alias)]),
    };
  }
}
