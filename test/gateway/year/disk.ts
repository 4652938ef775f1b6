import { decodeUtf8, type Random } from "../../../src/base/index.ts";
import {
  type GatewayStore,
  MemoryStore,
  type StoreChange,
  type StoredUplink,
} from "../../../src/gateway/index.ts";
import type { Life } from "./life.ts";

/** The longest that a commit takes, in milliseconds. */
const longestCommitMs = 12;

/** A disk that outlives its gateway: what was committed stays, what was not dies with the process. */
export class Disk {
  /** What the broker may not have. */
  readonly uplinks = new Map<number, StoredUplink>();
  /** The numbers of the messages that wait, by the node's address. */
  readonly waiting = new Map<string, Set<number>>();
  readonly #memory = new MemoryStore();
  readonly #random: Random;
  readonly #onQueued: (address: string, id: number, message: number) => void;
  #pending: readonly StoreChange[] | undefined;

  /** @param onQueued a message is safe in a node's queue */
  constructor(random: Random, onQueued: (address: string, id: number, message: number) => void) {
    this.#random = random;
    this.#onQueued = onQueued;
  }

  /** Whether nothing is being written. */
  get isIdle(): boolean {
    return this.#pending === undefined;
  }

  /** Whether neither broker nor nodes have anything to come. */
  get isEmpty(): boolean {
    for (const ids of this.waiting.values()) if (ids.size > 0) return false;
    return this.uplinks.size === 0;
  }

  /** The disk as one life of the gateway sees it. */
  open({ clock }: Life): GatewayStore {
    return {
      open: () => this.#memory.open(),
      commit: (changes) =>
        new Promise((resolve) => {
          this.#pending = changes;
          clock.setTimer(1 + this.#random.next() * longestCommitMs, () => {
            this.#apply(changes);
            resolve();
          });
        }),
      readMessages: (address, ids) => this.#memory.readMessages(address, ids),
      close: () => this.#memory.close(),
    };
  }

  /** The process is killed: what it was writing is there, or it is not. */
  kill(): void {
    if (this.#pending && this.#random.next() < 0.5) this.#apply(this.#pending);
    this.#pending = undefined;
  }

  #apply(changes: readonly StoreChange[]): void {
    this.#pending = undefined;
    void this.#memory.commit(changes);
    for (const change of changes) this.#note(change);
  }

  #note(change: StoreChange): void {
    if (change.type === "uplink") this.uplinks.set(change.uplink.sequence, change.uplink);
    else if (change.type === "uplink-done") this.uplinks.delete(change.sequence);
    else if (change.type === "dequeue") this.waiting.get(change.address)?.delete(change.id);
    else if (change.type === "enqueue") {
      const { address, message } = change;
      const ids = this.waiting.get(address) ?? new Set();
      this.waiting.set(address, ids.add(message.id));
      this.#onQueued(address, message.id, Number(decodeUtf8(message.payload)));
    }
  }
}
