import { messageOf } from "../../base/index.ts";
import type { Distribution } from "../distribution.ts";
import type { GatewayNode } from "../node.ts";
import type { GatewayParts } from "../parts.ts";
import type { QueuedMessage } from "../store.ts";
import type { NativePeer } from "./peer.ts";
import type { NativeUplink } from "./uplink.ts";

/** How many messages are read from the store for one burst: as many short ones as four frames hold. */
const burstMessages = 64;

interface Talk {
  /** What the node was sent and has not spoken of yet, by the messages' numbers. */
  readonly sent: Map<number, QueuedMessage>;
  /** Whether a burst is being put together. */
  busy: boolean;
  /** What was asked for meanwhile. */
  again: "answer" | "fetch" | undefined;
}

/** What the gateway tells native nodes: answers, and what waits for them. */
export class NativeTalks {
  readonly #parts: GatewayParts;
  readonly #distribution: Distribution;
  readonly #talks = new WeakMap<GatewayNode, Talk>();

  constructor(parts: GatewayParts, distribution: Distribution) {
    this.#parts = parts;
    this.#distribution = distribution;
  }

  /**
   * A node has said which messages it has, and which it will never take. Settles when that is journaled; `undefined` if it is
   * already.
   */
  came(node: GatewayNode, { came, cannotTake }: NativeUplink): Promise<unknown> | undefined {
    const talk = this.#talkOf(node);
    const reading: Promise<void>[] = [];
    const end = (number: number, how: "acknowledged" | "too-long") => {
      const id = node.queue.idOfNumber(number);
      if (id === undefined) return;
      const message = talk.sent.get(id);
      talk.sent.delete(id);
      if (message && how === "too-long") this.#distribution.endTooLong(node, message);
      else if (message) this.#distribution.end(node, message, how);
      // It was sent before a restart.
      else reading.push(this.#distribution.endUnread(node, [id], how));
    };
    for (const number of came) end(number, "acknowledged");
    for (const { number } of cannotTake) end(number, "too-long");
    return reading.length > 0 ? Promise.all(reading) : undefined;
  }

  /** Answers, if the node waits for that, and sends with it what waits for the node, if it wants that. */
  send(node: GatewayNode, peer: NativePeer, fetch: boolean): void {
    const talk = this.#talkOf(node);
    if (talk.busy) {
      talk.again = fetch || talk.again === "fetch" ? "fetch" : "answer";
      return;
    }
    this.#distribution.expire(node);
    if (!fetch || node.queue.size === 0) {
      this.#tell(node, peer, []);
      return;
    }
    talk.busy = true;
    void this.#sendQueue(node, peer, talk);
  }

  /** Never rejects. */
  async #sendQueue(node: GatewayNode, peer: NativePeer, talk: Talk): Promise<void> {
    const { store, journal, reports } = this.#parts;
    let messages: readonly QueuedMessage[] = [];
    try {
      // Before the wait: what comes during it may not be in the store when it ends.
      const ids = node.queue.first(burstMessages);
      await journal.attempted();
      const isComplete = !journal.isFailing;
      messages = await store.readMessages(node.address, ids);
      const lost = ids.filter((id) => !messages.some((message) => message.id === id));
      if (lost.length > 0 && isComplete) this.#distribution.endLost(node, lost);
    } catch (error) {
      reports.trouble("errors", "store", () => `The store cannot be read: ${messageOf(error)}`);
    }
    const waiting = messages.filter(({ id }) => node.queue.has(id));
    this.#tell(node, peer, waiting);
    talk.busy = false;
    const { again } = talk;
    talk.again = undefined;
    if (again) this.send(node, peer, again === "fetch");
  }

  #tell(node: GatewayNode, peer: NativePeer, messages: readonly QueuedMessage[]): void {
    const { clock, link, fates, moves } = this.#parts;
    const now = clock.now();
    const announcement = moves.announce(node.address);
    const burst = peer.send({
      time: now,
      brokerOut: !link.connected,
      messages: messages.map(({ id, queuedAt, topic, payload, retained }) => ({
        sequence: id,
        topic,
        payload,
        retained,
        ageSeconds: Math.max(0, Math.round((now - queuedAt) / 1000)),
      })),
      waiting: node.queue.size,
      move: announcement?.move,
    });
    const talk = this.#talkOf(node);
    for (const message of messages) {
      if (burst.impossible.includes(message.id)) this.#distribution.endTooLong(node, message);
      if (!burst.sent.includes(message.id)) continue;
      if (!talk.sent.has(message.id)) fates.sent(node, message);
      talk.sent.set(message.id, message);
    }
    for (const id of talk.sent.keys()) {
      if (talk.sent.size <= burstMessages) break;
      talk.sent.delete(id);
    }
    const { downlink } = this.#distribution;
    for (const [index, frame] of burst.frames.entries()) {
      downlink.reply(node, frame, burst.answers && index === 0 ? announcement?.onSent : undefined);
    }
  }

  #talkOf(node: GatewayNode): Talk {
    let talk = this.#talks.get(node);
    if (!talk) {
      talk = { sent: new Map(), busy: false, again: undefined };
      this.#talks.set(node, talk);
    }
    return talk;
  }
}
