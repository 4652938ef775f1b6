import { Ring } from "../base/index.ts";
import type { AcknowledgementPacket, PublishPacket } from "./packets.ts";
import { hasFingerprint, markOf, placeOf } from "./received-mark.ts";

/** What has to be known of received messages after a restart. */
interface IncomingRecord {
  received(mark: number): void;
  forgotten(mark: number): void;
}

/** Sends answers. */
interface IncomingOutput {
  send(packet: AcknowledgementPacket): void;
}

/** A received message at QoS 1 or 2 that has to be acknowledged once its handlers have taken it. */
export interface Delivery {
  readonly packetId: number;
  readonly qos: 1 | 2;
  /** At QoS 2 what it is known by, see {@link markOf}. */
  readonly mark: number;
  /** Whether the handlers have taken it. */
  settled: boolean;
}

/**
 * The receiver's half of QoS 1 and 2 (MQTT 3.1.1, 4.3). Acknowledgements go out in the order in which the messages
 * came (4.6), however their handlers finish.
 */
export class Incoming {
  /** QoS 2 from its PUBLISH to its PUBREL, by way and packet id. */
  #unreleased: Map<number, Delivery> | undefined;
  /** By which way the present connection goes. */
  #way = 0;
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

  /** The marks of what was delivered in an earlier life. */
  restore(received: readonly number[]): void {
    if (received.length === 0) return;
    this.#unreleased = new Map(
      received.map((mark) => [placeOf(mark), { packetId: mark % 0x1_0000, qos: 2, mark, settled: true }]),
    );
  }

  /**
   * Takes a PUBLISH at QoS 1 or 2; `undefined` if it is one that was delivered already: one that the broker says it repeats
   * (3.3.1.1), with the content that is known. Anything else under the same id is new: the broker that sends it
   * has lost what it knew of the one before.
   */
  receive(packet: PublishPacket): Delivery | undefined {
    const { packetId, qos, duplicate } = packet;
    if (qos < 2) return this.#push({ packetId, qos: 1, mark: 0, settled: false });
    const mark = markOf(packet, this.#way);
    const place = placeOf(mark);
    const known = this.#unreleased?.get(place);
    if (known && (!hasFingerprint(known.mark) || (duplicate && known.mark === mark))) {
      this.#push(known);
      this.#acknowledge();
      return undefined;
    }
    if (known?.settled) this.#record?.forgotten(known.mark);
    const delivery = this.#push({ packetId, qos: 2, mark, settled: false });
    (this.#unreleased ??= new Map()).set(place, delivery);
    return delivery;
  }

  /** The handlers have taken it. */
  settle(delivery: Delivery): void {
    delivery.settled = true;
    // Not if the broker has begun a new session meanwhile.
    const { mark, qos } = delivery;
    if (qos === 2 && this.#unreleased?.get(placeOf(mark)) === delivery) this.#record?.received(mark);
    this.#acknowledge();
  }

  /** Takes a PUBREL; it is answered even if nothing is known of it: the first answer may have been lost. */
  release(packetId: number): void {
    const place = this.#way * 0x1_0000 + packetId;
    const known = this.#unreleased?.get(place);
    if (known?.settled) this.#record?.forgotten(known.mark);
    this.#unreleased?.delete(place);
    this.#output.send({ type: "pubcomp", packetId });
  }

  /** What was not acknowledged on a connection that ended, the broker sends again on the next one. */
  disconnect(): void {
    this.#unacknowledged = undefined;
  }

  /** @param way to which of several brokers; each has its own packet ids */
  connect(sessionPresent: boolean, way: number): void {
    this.#way = way % 32;
    if (sessionPresent) return;
    this.#unreleased?.forEach(({ mark, settled }, place, all) => {
      if (Math.floor(place / 0x1_0000) !== this.#way) return;
      if (settled) this.#record?.forgotten(mark);
      all.delete(place);
    });
  }

  #push(delivery: Delivery): Delivery {
    (this.#unacknowledged ??= new Ring(Infinity)).push(delivery);
    return delivery;
  }

  #acknowledge(): void {
    const unacknowledged = this.#unacknowledged;
    for (let next = unacknowledged?.peek(); next?.settled; next = unacknowledged?.peek()) {
      unacknowledged?.shift();
      this.#output.send({ type: next.qos === 1 ? "puback" : "pubrec", packetId: next.packetId });
    }
  }
}
