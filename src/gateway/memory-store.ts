import type { MacAddress } from "../device/index.ts";
import { summarizeMessage } from "./node-queue.ts";
import type {
  GatewayStore,
  NodeRecord,
  QueuedMessage,
  StoreChange,
  StoredState,
  StoredUplink,
} from "./store.ts";

interface Entry {
  record: NodeRecord;
  /** In the order of their numbers. */
  readonly messages: Map<number, QueuedMessage>;
  nextId: number;
}

/** A store in memory: it outlives the gateway that uses it, not the process. */
export class MemoryStore implements GatewayStore {
  readonly #entries = new Map<MacAddress, Entry>();
  readonly #uplinks = new Map<number, StoredUplink>();
  readonly #topics = new Map<number, number>();
  readonly #settings = new Map<string, string>();

  async open(): Promise<StoredState> {
    const nodes = [...this.#entries.values()].map(({ record, messages, nextId }) => ({
      record,
      nextId,
      waiting: [...messages.values()].map((message) => summarizeMessage(message)),
    }));
    return {
      nodes,
      uplinks: [...this.#uplinks.values()],
      topics: [...this.#topics],
      settings: [...this.#settings],
      damaged: 0,
    };
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) this.#apply(change);
  }

  async readMessages(address: MacAddress, ids: readonly number[]): Promise<readonly QueuedMessage[]> {
    const messages = this.#entries.get(address)?.messages;
    return ids.map((id) => messages?.get(id)).filter((message) => message !== undefined);
  }

  async close(): Promise<void> {}

  #apply(change: StoreChange): void {
    switch (change.type) {
      case "node": {
        const { record } = change;
        const entry = this.#entries.get(record.address);
        if (entry) entry.record = record;
        else this.#entries.set(record.address, { record, messages: new Map(), nextId: 0 });
        return;
      }
      case "remove-node":
        this.#entries.delete(change.address);
        return;
      case "setting":
        if (change.value === undefined) this.#settings.delete(change.name);
        else this.#settings.set(change.name, change.value);
        return;
      case "enqueue": {
        const entry = this.#entries.get(change.address);
        if (!entry) return;
        entry.messages.set(change.message.id, change.message);
        entry.nextId = change.message.id + 1;
        return;
      }
      case "dequeue":
        this.#entries.get(change.address)?.messages.delete(change.id);
        return;
      case "uplink":
        this.#uplinks.set(change.uplink.sequence, change.uplink);
        return;
      case "uplink-done":
        this.#uplinks.delete(change.sequence);
        return;
      case "topic":
        if (change.message === undefined) this.#topics.delete(change.topic);
        else this.#topics.set(change.topic, change.message);
    }
  }
}
