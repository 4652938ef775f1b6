import { createMemoryBroker, type MemoryBroker } from "../support/memory-broker.ts";

/** A message that the broker was sent, or sends. */
export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: number;
}

/** A real broker in memory that a test can listen and publish to without a client of its own. */
export class CollectingBroker {
  readonly #broker: MemoryBroker;

  private constructor(broker: MemoryBroker) {
    this.#broker = broker;
  }

  static async create(): Promise<CollectingBroker> {
    return new CollectingBroker(await createMemoryBroker());
  }

  /** Opens a connection to it; for an MQTT client. */
  get open(): MemoryBroker["open"] {
    return this.#broker.open;
  }

  /** Collects what is published on a filter from now on, other than what is retained. */
  async watch(filter: string): Promise<BrokerMessage[]> {
    const seen: BrokerMessage[] = [];
    const deliver = (
      {
        topic,
        payload,
        retain,
        qos,
      }: { topic: string; payload: string | Buffer; retain: boolean; qos: number },
      done: () => void,
    ) => {
      seen.push({ topic, payload: Uint8Array.from(Buffer.from(payload)), retain, qos });
      done();
    };
    await new Promise<void>((resolve) => this.#broker.aedes.subscribe(filter, deliver, resolve));
    return seen;
  }

  /** Publishes as some other client would. */
  async publish(
    topic: string,
    payload: string | Uint8Array,
    { retain = false, qos = 1 }: { retain?: boolean; qos?: 0 | 1 | 2 } = {},
  ): Promise<void> {
    const packet = { cmd: "publish" as const, topic, payload: Buffer.from(payload), retain, qos, dup: false };
    await new Promise<void>((resolve, reject) =>
      this.#broker.aedes.publish(packet, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Cuts every connection and takes no new one. */
  goAway(): void {
    this.#broker.isAway = true;
    for (const pair of this.#broker.pairs) pair.cut();
  }

  /** Takes connections again. */
  comeBack(): void {
    this.#broker.isAway = false;
  }

  async close(): Promise<void> {
    await this.#broker[Symbol.asyncDispose]();
  }
}
