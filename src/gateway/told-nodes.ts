import type { MacAddress } from "../device/index.ts";
import type { Journal } from "./journal.ts";

/** What the names begin with under which the store keeps who was told of a move: an address follows. */
const prefix = "channel-told/";

/** Who was told that the radio goes to another channel: one by one in the store, since there may be very many. */
export class ToldNodes {
  readonly #journal: Journal;
  readonly #addresses = new Set<MacAddress>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Remembers those of before a restart that are nodes still. */
  restore(settings: ReadonlyMap<string, string>, nodes: ReadonlyMap<MacAddress, unknown>): void {
    for (const name of settings.keys()) {
      if (!name.startsWith(prefix)) continue;
      const address = name.slice(prefix.length);
      this.#addresses.add(address);
      if (!nodes.has(address)) this.delete(address);
    }
  }

  has(address: MacAddress): boolean {
    return this.#addresses.has(address);
  }

  add(address: MacAddress): void {
    if (this.#addresses.has(address)) return;
    this.#addresses.add(address);
    this.#journal.add({ type: "setting", name: prefix + address, value: "true" });
  }

  delete(address: MacAddress): void {
    if (!this.#addresses.delete(address)) return;
    this.#journal.add({ type: "setting", name: prefix + address, value: undefined });
  }

  clear(): void {
    for (const address of this.#addresses) this.delete(address);
  }
}
