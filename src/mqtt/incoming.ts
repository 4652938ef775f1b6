import { Ring } from "../base/index.ts";
import type { AcknowledgementPacket, PublishPacket } from "./packets.ts";

/** What has to be known of received messages after a restart. */
interface IncomingRecord {
  received(packetId: number): void;
  forgotten(packetId: number): void;
}

/** A received message at QoS 1 or 2 that has to be acknowledged once its handlers have taken it. */
export interface Delivery {
  readonly packetId: number;
  readonly qos: 1 | 2;
  /** Whether the handlers have taken it. */
  settled: boolean;
}

/**
 * The receiver's half of QoS 1 and 2 (MQTT 3.1.1, 4.3). Acknowledgements go out in the order in which the messages
 * came (4.6), however their handlers finish.
 */
export class Incoming {
  /** QoS 2 from its PUBLISH to its PUBREL: one that comes again meanwhile is the same message. */
  readonly #unreleased = new Map<number, Delivery>();
  readonly #unacknowledged = new Ring<Delivery>(Infinity);
  readonly #send: (packet: AcknowledgementPacket) => void;

  readonly #record: IncomingRecord | undefined;

  constructor(send: (packet: AcknowledgementPacket) => void, record?: IncomingRecord) {
    this.#send = send;
    this.#record = record;
  }

  /** How many have not been acknowledged: the sender's window has to hold them. */
  get unacknowledged(): number {
    return this.#unacknowledged.size;
  }

  /** The ids that were delivered in an earlier life. */
  restore(received: readonly number[]): void {
    for (const packetId of received) this.#unreleased.set(packetId, { packetId, qos: 2, settled: true });
  }

  /** Takes a PUBLISH at QoS 1 or 2; `undefined` if it is one that was delivered already. */
  receive({ packetId, qos }: PublishPacket): Delivery | undefined {
    const known = qos === 2 ? this.#unreleased.get(packetId) : undefined;
    const delivery = known ?? { packetId, qos: qos === 2 ? 2 : 1, settled: false };
    this.#unacknowledged.push(delivery);
    if (known) {
      this.#acknowledge();
      return undefined;
    }
    if (qos === 2) this.#unreleased.set(packetId, delivery);
    return delivery;
  }

  /** The handlers have taken it. */
  settle(delivery: Delivery): void {
    delivery.settled = true;
    // Not if the broker has begun a new session meanwhile.
    if (this.#unreleased.get(delivery.packetId) === delivery) this.#record?.received(delivery.packetId);
    this.#acknowledge();
  }

  /** Takes a PUBREL; it is answered even if nothing is known of it: the first answer may have been lost. */
  release(packetId: number): void {
    if (this.#unreleased.delete(packetId)) this.#record?.forgotten(packetId);
    this.#send({ type: "pubcomp", packetId });
  }

  /** What was not acknowledged on a connection that ended, the broker sends again on the next one. */
  disconnect(): void {
    this.#unacknowledged.clear();
  }

  connect(sessionPresent: boolean): void {
    if (sessionPresent || this.#unreleased.size === 0) return;
    this.#unreleased.clear();
    this.#record?.forgotten(0);
  }

  #acknowledge(): void {
    for (let next = this.#unacknowledged.peek(); next?.settled; next = this.#unacknowledged.peek()) {
      this.#unacknowledged.shift();
      this.#send({ type: next.qos === 1 ? "puback" : "pubrec", packetId: next.packetId });
    }
  }
}
