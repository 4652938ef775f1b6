import { Ring } from "../base/index.ts";
import type { AcknowledgementPacket, PublishPacket } from "./packets.ts";

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

  constructor(send: (packet: AcknowledgementPacket) => void) {
    this.#send = send;
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
    this.#acknowledge();
  }

  /** Takes a PUBREL; it is answered even if nothing is known of it: the first answer may have been lost. */
  release(packetId: number): void {
    this.#unreleased.delete(packetId);
    this.#send({ type: "pubcomp", packetId });
  }

  /** What was not acknowledged on a connection that ended, the broker sends again on the next one. */
  disconnect(): void {
    this.#unacknowledged.clear();
  }

  connect(sessionPresent: boolean): void {
    if (!sessionPresent) this.#unreleased.clear();
  }

  #acknowledge(): void {
    for (let next = this.#unacknowledged.peek(); next?.settled; next = this.#unacknowledged.peek()) {
      this.#unacknowledged.shift();
      this.#send({ type: next.qos === 1 ? "puback" : "pubrec", packetId: next.packetId });
    }
  }
}
