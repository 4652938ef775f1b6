import type { Clock } from "../base/index.ts";
import type { Radio } from "../device/index.ts";
import { encodeDelivery } from "../wire/index.ts";
import type { GatewayNode } from "./node.ts";
import type { Reply } from "./node-contact.ts";
import type { GatewayStore, QueuedMessage } from "./store.ts";

/** How many messages are read from the store at once. */
const batchSize = 16;

/** What the downlink tells of. */
export interface DownlinkEvents {
  /** An answer was sent and acknowledged, sent and not acknowledged, or dropped because too many wait. */
  onReply(node: GatewayNode, outcome: "sent" | "failed" | "dropped"): void;
  /** The node took the whole message, and it can go from the store. */
  onDelivered(node: GatewayNode, message: QueuedMessage): void;
  /** The node did not take the message; it waits on. */
  onUndelivered(node: GatewayNode, message: QueuedMessage): void;
  /** The message does not fit into frames, and can go from the store. */
  onUndeliverable(node: GatewayNode, message: QueuedMessage): void;
  /** A message is about to be sent. */
  onSending(node: GatewayNode, message: QueuedMessage): void;
  /** The store does not have these messages, of which the node's queue speaks. */
  onLost(node: GatewayNode, ids: readonly number[]): void;
  /** The radio or the store failed, or the gateway itself has a defect. */
  onFailure(node: GatewayNode, place: "radio" | "store" | "gateway", error: unknown): void;
}

/** What the downlink stands on. */
export interface DownlinkOptions {
  readonly radio: Radio;
  readonly clock: Clock;
  readonly store: GatewayStore;
  /** Whether everything that is in the nodes' queues can be read from the store; waits until that is known. */
  readonly canRead: () => Promise<boolean>;
  /** Takes off a node's queue what it need not get any more. */
  readonly expire: (node: GatewayNode) => void;
  /** How many answers may wait for one node. */
  readonly replyLimit: number;
  readonly events: DownlinkEvents;
}

/**
 * Sends to nodes: one frame of a node at a time, answers before messages, messages oldest first until one is not
 * acknowledged or none is left. Nodes do not wait for each other.
 */
export class Downlink {
  readonly #options: DownlinkOptions;
  /** How many nodes are being served. */
  #serving = 0;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(options: DownlinkOptions) {
    this.#options = options;
  }

  /** Answers a node. @param onSent called when its radio has the answer */
  reply(node: GatewayNode, bytes: Uint8Array, onSent?: () => void): void {
    if (this.#closed) return;
    const reply = { bytes, onSent };
    if (!node.contact.serving) {
      this.#begin(node);
      this.#answer(node, reply);
    } else if (node.contact.replies.length < this.#options.replyLimit) node.contact.replies.push(reply);
    else this.#options.events.onReply(node, "dropped");
  }

  /** Sends a node what waits for it. Asking again while that goes on starts nothing twice. */
  deliver(node: GatewayNode): void {
    if (this.#closed) return;
    this.#options.expire(node);
    if (node.queue.size === 0) return;
    node.contact.asked = true;
    if (node.contact.serving) return;
    this.#begin(node);
    this.#goOn(node);
  }

  /** Stops after the frames under way; settles when they are done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#serving > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  #begin(node: GatewayNode): void {
    node.contact.serving = true;
    this.#serving++;
  }

  /** Sees what else there is to send to a node. */
  #goOn(node: GatewayNode): void {
    const reply = this.#closed ? undefined : node.contact.replies.shift();
    if (reply) this.#answer(node, reply);
    else if (node.contact.asked && !this.#closed) {
      node.contact.asked = false;
      this.#deliverQueue(node).then(
        () => this.#goOn(node),
        (error: unknown) => {
          this.#options.events.onFailure(node, "gateway", error);
          this.#goOn(node);
        },
      );
    } else {
      node.contact.serving = false;
      this.#serving--;
      if (this.#serving === 0) this.#onIdle?.();
    }
  }

  /** Sends one answer. Callbacks, since there is one for nearly every frame that is heard. */
  #answer(node: GatewayNode, reply: Reply): void {
    this.#options.radio.send(node.address, reply.bytes).then(
      (delivered) => this.#answered(node, reply, delivered),
      (error: unknown) => {
        this.#options.events.onFailure(node, "radio", error);
        this.#answered(node, reply, false);
      },
    );
  }

  #answered(node: GatewayNode, reply: Reply, delivered: boolean): void {
    node.contact.refused = !delivered;
    this.#told(node, reply, delivered);
    this.#goOn(node);
  }

  #told(node: GatewayNode, { onSent }: Reply, delivered: boolean): void {
    if (delivered) onSent?.();
    this.#options.events.onReply(node, delivered ? "sent" : "failed");
  }

  /** Sends the queued messages until one is not acknowledged or none is left. */
  async #deliverQueue(node: GatewayNode): Promise<void> {
    let messages: readonly QueuedMessage[] = [];
    while (node.queue.size > 0 && !this.#closed) {
      messages = current(messages, node);
      if (messages.length === 0) messages = await this.#read(node);
      const [message] = messages;
      if (!message || !(await this.#send(node, message))) return;
    }
  }

  /** Sends the answers that have come up meanwhile: a node waits for them only a short time. */
  async #sendReplies(node: GatewayNode): Promise<void> {
    const { replies } = node.contact;
    for (let reply = replies.shift(); reply && !this.#closed; reply = replies.shift()) {
      this.#told(node, reply, await this.#transmit(node, reply.bytes));
    }
  }

  /** The next messages of a node; none if the store cannot give them. */
  async #read(node: GatewayNode): Promise<readonly QueuedMessage[]> {
    const { store, canRead, events } = this.#options;
    try {
      while (node.queue.size > 0) {
        // Before the wait: what comes during it may not be in the store when it ends.
        const ids = node.queue.first(batchSize);
        if (!(await canRead())) return [];
        const found = await store.readMessages(node.address, ids);
        const lost = ids.filter((id) => node.queue.has(id) && !found.some((message) => message.id === id));
        if (lost.length > 0) events.onLost(node, lost);
        const messages = current(found, node);
        if (messages.length > 0) return messages;
      }
    } catch (error) {
      events.onFailure(node, "store", error);
    }
    return [];
  }

  /** Sends one message with all its frames; `false` if it could not be delivered. */
  async #send(node: GatewayNode, message: QueuedMessage): Promise<boolean> {
    const { radio, events } = this.#options;
    // The same number at each try, so that a node knows parts that it has already.
    const frames = encodeDelivery(message, radio.maximumFrameBytes, message.id % 1000);
    if (!frames) {
      events.onUndeliverable(node, message);
      return true;
    }
    events.onSending(node, message);
    for (const frame of frames) {
      await this.#sendReplies(node);
      if (this.#closed) return false;
      if (await this.#transmit(node, frame)) continue;
      events.onUndelivered(node, message);
      return false;
    }
    events.onDelivered(node, message);
    return true;
  }

  async #transmit(node: GatewayNode, bytes: Uint8Array): Promise<boolean> {
    let delivered = false;
    try {
      delivered = await this.#options.radio.send(node.address, bytes);
    } catch (error) {
      this.#options.events.onFailure(node, "radio", error);
    }
    node.contact.refused = !delivered;
    if (delivered) node.contact.at = this.#options.clock.monotonic();
    return delivered;
  }
}

/** Those that still wait: some may have gone since they were read. */
function current(messages: readonly QueuedMessage[], node: GatewayNode): readonly QueuedMessage[] {
  return messages.filter(({ id }) => node.queue.has(id));
}
