import { Ring } from "../base/index.ts";
import type { AcknowledgementPacket, PublishPacket } from "./packets.ts";

/** What has to be known of received messages after a restart. */
interface IncomingRecord {
  received(packetId: number): void;
  forgotten(packetId: number): void;
}

/** Sends answers. */
interface IncomingOutput {
  send(packet: AcknowledgementPacket): void;
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
  #unreleased: Map<number, Delivery> | undefined;
  #unacknowledged: Ring<Delivery> | undefined;
  readonly #output: IncomingOutput;
  readonly #record: IncomingRecord | undefined;

  constructor(output: IncomingOutput, record?: IncomingRecord) {
    this.#output = output;
    this.#record = record;
  }

  /** How many have not been acknowledged: the sender's window has to hold them. */
  get unacknowledged(): number {
    return this.#unacknowledged?.size ?? 0;
  }

  /** The ids that were delivered in an earlier life. */
  restore(received: readonly number[]): void {
    if (received.length === 0) return;
    this.#unreleased = new Map(received.map((packetId) => [packetId, { packetId, qos: 2, settled: true }]));
  }

  /** Takes a PUBLISH at QoS 1 or 2; `undefined` if it is one that was delivered already. */
  receive({ packetId, qos }: PublishPacket): Delivery | undefined {
    const known = qos === 2 ? this.#unreleased?.get(packetId) : undefined;
    const delivery = known ?? { packetId, qos: qos === 2 ? 2 : 1, settled: false };
    (this.#unacknowledged ??= new Ring(Infinity)).push(delivery);
    if (known) {
      this.#acknowledge();
      return undefined;
    }
    if (qos === 2) (this.#unreleased ??= new Map()).set(packetId, delivery);
    return delivery;
  }

  /** The handlers have taken it. */
  settle(delivery: Delivery): void {
    delivery.settled = true;
    // Not if the broker has begun a new session meanwhile.
    if (this.#unreleased?.get(delivery.packetId) === delivery) this.#record?.received(delivery.packetId);
    this.#acknowledge();
  }

  /** Takes a PUBREL; it is answered even if nothing is known of it: the first answer may have been lost. */
  release(packetId: number): void {
    if (this.#unreleased?.delete(packetId)) this.#record?.forgotten(packetId);
    this.#output.send({ type: "pubcomp", packetId });
  }

  /** What was not acknowledged on a connection that ended, the broker sends again on the next one. */
  disconnect(): void {
    this.#unacknowledged = undefined;
  }

  connect(sessionPresent: boolean): void {
    if (sessionPresent || !this.#unreleased?.size) return;
    this.#unreleased = undefined;
    this.#record?.forgotten(0);
  }

  #acknowledge(): void {
    const unacknowledged = this.#unacknowledged;
    for (let next = unacknowledged?.peek(); next?.settled; next = unacknowledged?.peek()) {
      unacknowledged?.shift();
      this.#output.send({ type: next.qos === 1 ? "puback" : "pubrec", packetId: next.packetId });
    }
  }
}
