import { type Duplex, duplexPair } from "node:stream";
import { Aedes } from "aedes";
import type { BytePort, OpenBytePort } from "../../src/base/index.ts";

/** A message that the broker was sent, or sends. */
export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: number;
}

/** Real aedes, reached over pairs of streams in memory: no port, no network, no waiting. */
export class MemoryBroker {
  readonly #aedes: Aedes;
  readonly #connections = new Set<Duplex>();
  #away = false;

  private constructor(aedes: Aedes) {
    this.#aedes = aedes;
  }

  static async create(): Promise<MemoryBroker> {
    return new MemoryBroker(await Aedes.createBroker());
  }

  /** Opens a connection to it; for an MQTT client. */
  readonly open: OpenBytePort = async () => {
    if (this.#away) throw new Error("the broker is away");
    const [near, far] = duplexPair();
    this.#connections.add(far);
    far.on("close", () => {
      this.#connections.delete(far);
      near.destroy();
    });
    near.on("close", () => far.destroy());
    this.#aedes.handle(far);
    return toBytePort(near);
  };

  /** Collects what is published on a filter from now on, other than what is retained. */
  async watch(filter: string): Promise<BrokerMessage[]> {
    const seen: BrokerMessage[] = [];
    const deliver = (
      packet: { topic: string; payload: string | Buffer; retain: boolean; qos: number },
      done: () => void,
    ) => {
      const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
      seen.push({
        topic: packet.topic,
        payload: Uint8Array.from(payload),
        retain: packet.retain,
        qos: packet.qos,
      });
      done();
    };
    await new Promise<void>((resolve) => this.#aedes.subscribe(filter, deliver, resolve));
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
      this.#aedes.publish(packet, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Cuts every connection and takes no new one. */
  goAway(): void {
    this.#away = true;
    for (const connection of this.#connections) connection.destroy();
  }

  /** Takes connections again. */
  comeBack(): void {
    this.#away = false;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
  }
}

/** A stream of Node's as a byte port. */
function toBytePort(stream: Duplex): BytePort {
  return {
    start(listener) {
      let failure: Error | undefined;
      stream.on("data", (chunk: Buffer) => listener.onData(Uint8Array.from(chunk)));
      stream.on("drain", () => listener.onWritable());
      stream.on("error", (error) => {
        failure = error;
      });
      stream.on("end", () => stream.end());
      stream.on("close", () => listener.onClose(failure));
    },
    write: (bytes) => stream.writable && stream.write(bytes),
    pause(paused) {
      if (paused) stream.pause();
      else stream.resume();
    },
    close(how = "flush") {
      if (how === "abort") stream.destroy();
      else stream.end(() => stream.destroy());
    },
  };
}
