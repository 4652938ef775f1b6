import type { BytePort, BytePortListener, OpenBytePort } from "../../src/base/index.ts";
import { createMemoryBroker, type MemoryBroker } from "../support/memory-broker.ts";

/** A message that the broker has taken from a client. */
export interface TakenMessage {
  readonly topic: string;
  readonly text: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
}

/** A real broker in memory that notes what it is asked, on lines that can be cut and held up. */
export class WatchedBroker implements AsyncDisposable {
  /** What clients have published, in order. */
  readonly taken: TakenMessage[] = [];
  /** The filters that were subscribed to and unsubscribed from, in order; the latter with `-` before. */
  readonly requests: string[] = [];
  /** Filters to which it says no. */
  readonly refused = new Set<string>();
  readonly #broker: MemoryBroker;
  #line: HeldLine | undefined;

  private constructor(broker: MemoryBroker) {
    this.#broker = broker;
    const { aedes } = broker;
    aedes.authorizeSubscribe = (_client, subscription, done) => {
      this.requests.push(subscription.topic);
      done(null, this.refused.has(subscription.topic) ? null : subscription);
    };
    aedes.on("unsubscribe", (filters) => this.requests.push(...filters.map((filter) => `-${filter}`)));
    aedes.on("publish", ({ topic, payload, qos, retain }, client) => {
      if (!client) return;
      const bytes = Uint8Array.from(Buffer.from(payload));
      this.taken.push({ topic, text: payload.toString(), payload: bytes, qos, retain });
    });
  }

  static async start(): Promise<WatchedBroker> {
    return new WatchedBroker(await createMemoryBroker());
  }

  /** Opens a line to it. */
  readonly open: OpenBytePort = async (options) => {
    this.#line = new HeldLine(await this.#broker.open(options));
    return this.#line;
  };

  /** What it was told on a topic. */
  textsOn(topic: string): string[] {
    return this.taken.filter((message) => message.topic === topic).map(({ text }) => text);
  }

  /** Publishes as somebody else would. */
  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 1, retain = false }: { qos?: 0 | 1; retain?: boolean } = {},
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const packet = {
        cmd: "publish",
        topic,
        payload: Buffer.from(payload),
        qos,
        retain,
        dup: false,
      } as const;
      this.#broker.aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends every line, and lets none be opened until `restore`. */
  cut(): void {
    this.#broker.isAway = true;
    for (const pair of this.#broker.pairs.splice(0)) pair.cut();
  }

  restore(): void {
    this.#broker.isAway = false;
  }

  /** Nothing passes on the line that is open, though it stands. */
  hang(hanging: boolean): void {
    this.#line?.hold(hanging);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#broker[Symbol.asyncDispose]();
  }
}

/** A line on which nothing passes while it is held; what was held passes then. */
class HeldLine implements BytePort {
  readonly #port: BytePort;
  #held: Uint8Array[] | undefined;

  constructor(port: BytePort) {
    this.#port = port;
  }

  start(listener: BytePortListener): void {
    this.#port.start(listener);
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#held) return this.#port.write(bytes);
    this.#held.push(bytes);
    return true;
  }

  pause(paused: boolean): void {
    this.#port.pause(paused);
  }

  close(how?: "flush" | "abort"): void {
    this.#port.close(how);
  }

  hold(held: boolean): void {
    const before = this.#held ?? [];
    this.#held = held ? before : undefined;
    this.#port.pause(held);
    if (!held) for (const bytes of before) this.#port.write(bytes);
  }
}
