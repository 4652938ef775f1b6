import type { MacAddress } from "../device/index.ts";
import { sizeOfMessage } from "./node-queue.ts";
import type { GatewayStore, NodeRecord, QueuedMessage, StoreChange, StoredNode } from "./store.ts";

interface Entry {
  record: NodeRecord;
  /** In the order of their sequence numbers. */
  readonly messages: Map<number, QueuedMessage>;
  nextSequence: number;
}

/** A store in memory: it outlives the gateway that uses it, not the process. */
export class MemoryStore implements GatewayStore {
  readonly #entries = new Map<MacAddress, Entry>();

  async open(): Promise<readonly StoredNode[]> {
    return [...this.#entries.values()].map(({ record, messages, nextSequence }) => ({
      record,
      firstSequence: nextSequence - messages.size,
      sizes: [...messages.values()].map((message) => sizeOfMessage(message)),
    }));
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) this.#apply(change);
  }

  async readQueue(address: MacAddress, limit: number): Promise<readonly QueuedMessage[]> {
    const found: QueuedMessage[] = [];
    for (const message of this.#entries.get(address)?.messages.values() ?? []) {
      if (found.length >= limit) break;
      found.push(message);
    }
    return found;
  }

  async close(): Promise<void> {}

  #apply(change: StoreChange): void {
    if (change.type === "node") {
      const { record } = change;
      const entry = this.#entries.get(record.address);
      if (entry) entry.record = record;
      else this.#entries.set(record.address, { record, messages: new Map(), nextSequence: 0 });
      return;
    }
    const entry = this.#entries.get(change.address);
    if (!entry) return;
    if (change.type === "dequeue") {
      entry.messages.delete(change.sequence);
      return;
    }
    entry.messages.set(change.message.sequence, change.message);
    entry.nextSequence = change.message.sequence + 1;
  }
}
