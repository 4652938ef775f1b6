import type { Clock, Timer } from "../base/index.ts";
import { Deadlines } from "./deadlines.ts";
import type { GatewayNode } from "./node.ts";
import { overdueAfterMs } from "./wake-contract.ts";

/** What presence stands on. */
export interface PresenceOptions {
  readonly clock: Clock;
  readonly nodes: ReadonlyMap<string, GatewayNode>;
  /** A node has not woken when it should have. */
  readonly onOverdue: (node: GatewayNode) => void;
  /** A node that was overdue was heard. */
  readonly onBack: (node: GatewayNode) => void;
  /** A node has fallen asleep, as far as can be told. */
  readonly onAsleep: (node: GatewayNode) => void;
}

/** Knows which nodes are awake, and which have not woken when they should have. By the monotonic clock: the other may be stepped. */
export class Presence {
  readonly #options: PresenceOptions;
  /** Those that are awake, the one first that was first heard. */
  readonly #awake = new Set<GatewayNode>();
  /** Since when those are known that have promised something and were never heard. */
  readonly #unheard = new Map<GatewayNode, number>();
  readonly #dues: Deadlines;
  #sleepTimer: Timer | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    const { clock } = options;
    this.#dues = new Deadlines(
      clock,
      () => clock.monotonic(),
      () => this.#findOverdue(),
    );
  }

  /** A node was heard. */
  heard(node: GatewayNode): void {
    if (node.isOverdue) {
      node.isOverdue = false;
      this.#options.onBack(node);
    }
    this.#awake.delete(node);
    this.#awake.add(node);
    this.watch(node);
    if (!this.#sleepTimer) this.#awaitSleep();
  }

  /** A node's promise is new, or has been read from the store. */
  watch(node: GatewayNode): void {
    if (node.heardAt !== undefined) this.#unheard.delete(node);
    else if (node.contract && !this.#unheard.has(node)) {
      this.#unheard.set(node, this.#options.clock.monotonic());
    }
    if (!node.isOverdue) this.#dues.note(this.#dueAt(node));
  }

  forget(node: GatewayNode): void {
    this.#unheard.delete(node);
    this.#awake.delete(node);
  }

  close(): void {
    this.#dues.close();
    this.#sleepTimer?.cancel();
    this.#sleepTimer = undefined;
  }

  #findOverdue(): number {
    const now = this.#options.clock.monotonic();
    let next = Infinity;
    for (const node of this.#options.nodes.values()) {
      if (node.isOverdue) continue;
      const due = this.#dueAt(node);
      if (due > now) next = Math.min(next, due);
      else {
        node.isOverdue = true;
        this.#options.onOverdue(node);
      }
    }
    return next;
  }

  /** When a node is overdue, by the monotonic clock; `Infinity` if it has promised nothing. */
  #dueAt(node: GatewayNode): number {
    const { contract, heardAt = this.#unheard.get(node) } = node;
    return contract && heardAt !== undefined ? heardAt + overdueAfterMs(contract) : Infinity;
  }

  #awaitSleep(): void {
    const { clock, onAsleep } = this.#options;
    const now = clock.monotonic();
    for (const node of this.#awake) {
      const leftMs = node.awakeUntil - now;
      if (leftMs > 0) {
        this.#sleepTimer = clock.setTimer(leftMs, () => this.#awaitSleep());
        return;
      }
      this.#awake.delete(node);
      onAsleep(node);
    }
    this.#sleepTimer = undefined;
  }
}
