import type { Refusal } from "./counters.ts";
import type { GatewayNode } from "./node.ts";
import { faultOfPublishTopic } from "./node-topic.ts";
import type { Outgoing } from "./outbox.ts";
import type { GatewayParts } from "./parts.ts";
import type { StoredUplink } from "./store.ts";

/** How many topics are remembered as fit, before that begins anew. */
const rememberedTopics = 1000;

/** What nodes publish: checked, counted, passed on. */
export class Publications {
  readonly #parts: GatewayParts;
  /** Topics that were found fit: nodes use few, again and again. */
  readonly #fitTopics = new Set<string>();
  #waiting = 0;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** How many wait for the broker. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether as many wait as may. */
  get full(): boolean {
    return this.#waiting >= this.#parts.config.limits.uplinks;
  }

  /** Whether a topic has been found fit lately: a quick yes. */
  isKnownFit(topic: string): boolean {
    return this.#fitTopics.has(topic);
  }

  /** Why a publication cannot be taken, now or ever; `undefined` if it can. */
  faultOf(topic: string, payload: Uint8Array): Refusal | undefined {
    if (payload.length > this.#parts.config.limits.message_bytes) return "message-too-long";
    if (this.#fitTopics.has(topic)) return undefined;
    const fault = faultOfPublishTopic(topic, this.#parts.config.base);
    if (fault) return fault;
    if (this.#fitTopics.size >= rememberedTopics) this.#fitTopics.clear();
    this.#fitTopics.add(topic);
    return undefined;
  }

  /**
   * Takes a publication of a node.
   *
   * @param onSafe is called when it is in the journal, or with the broker
   */
  take(node: GatewayNode, message: Outgoing, onSafe?: () => void): void {
    node.count("uplinks");
    this.#parts.bridge.read(node, message.topic, message.payload);
    this.pass(message, onSafe);
  }

  /** Passes on what is to be told of a publication; it counts against the bound too. */
  pass(message: Outgoing, onSafe?: () => void): void {
    this.#waiting++;
    this.#parts.outbox.publish(message, { onSafe, onDone: this.#onDone });
  }

  /** Publishes what the broker may not have had before a restart. */
  restore(uplinks: readonly StoredUplink[]): void {
    this.#waiting += uplinks.length;
    this.#parts.outbox.restore(uplinks, this.#onDone);
  }

  readonly #onDone = (): void => {
    this.#waiting--;
  };
}
