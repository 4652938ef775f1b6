import type { BytePort } from "../../src/base/index.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import {
  decodeRequest,
  encodePacket,
  type MqttVersion,
  type Packet,
  PacketReader,
  type PropertiesOf,
} from "../../src/mqtt/index.ts";
import { type BytePortPair, createBytePortPair } from "../../src/virtual/index.ts";

interface Outgoing {
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly text: string;
  sent: boolean;
  released: boolean;
}

/**
 * The broker's half of one persistent session, to the letter of MQTT 3.1.1 and 5, 4.3 and 4.4, written apart from the
 * client's: what it has taken over, and what it still has to deliver, is known exactly.
 */
export class ReferenceBroker {
  /** What was taken over, in order, as often as it was. */
  readonly taken: string[] = [];
  /** Whether the session is lost at each connection. */
  forgetful = false;
  /** Whether a message at QoS 2 is taken over when it is released, as mosquitto does; else when it comes (4.3.3 allows both). */
  takesOnRelease = false;
  connections = 0;
  /** What it knew when `save` was called last. */
  #saved: (() => void) | undefined;
  /** What it says of itself in MQTT 5. */
  properties: PropertiesOf["connack"] = {};
  /** The greatest number of messages that were in flight to it at once. */
  mostInflight = 0;
  readonly #inflight = new Set<number>();
  #version: MqttVersion = 4;
  readonly #onArrival: (bytes: Uint8Array, at: "left" | "right", pair: BytePortPair) => readonly Uint8Array[];
  readonly #unreleased = new Map<number, string>();
  readonly #outgoing = new Map<number, Outgoing>();
  #nextId = 100;
  #known = false;
  #port: BytePort | undefined;

  /** @param onArrival sees all bytes; see {@link BytePortPairOptions} */
  constructor(
    onArrival: (bytes: Uint8Array, at: "left" | "right", pair: BytePortPair) => readonly Uint8Array[],
  ) {
    this.#onArrival = onArrival;
  }

  /** How much it still has to deliver. */
  get pending(): number {
    return this.#outgoing.size;
  }

  /** Saves what it knows to disk, as brokers do from time to time. */
  save(): void {
    const unreleased = [...this.#unreleased];
    const outgoing = Array.from(this.#outgoing, ([id, message]) => [id, { ...message }] as const);
    const [nextId, known] = [this.#nextId, this.#known];
    this.#saved = () => {
      this.#unreleased.clear();
      for (const [id, text] of unreleased) this.#unreleased.set(id, text);
      this.#outgoing.clear();
      for (const [id, message] of outgoing) this.#outgoing.set(id, { ...message });
      this.#nextId = nextId;
      this.#known = known;
    };
  }

  /** Loses the session, once. */
  lose(): void {
    this.#known = false;
    this.#port?.close("abort");
    this.#port = undefined;
  }

  /** Dies, and comes back with what it has saved last: the session is there, in an older state. */
  fallBack(): void {
    this.#port?.close("abort");
    this.#port = undefined;
    this.#saved?.();
  }

  /** Puts a message into the session; it goes out as soon as there is a connection. */
  enqueue(text: string, qos: 1 | 2): void {
    const packetId = this.#nextId++;
    const message = { packetId, qos, text, sent: false, released: false };
    this.#outgoing.set(packetId, message);
    if (this.#port) this.#deliver(message);
  }

  readonly open = (): Promise<BytePort> => {
    const pair: BytePortPair = createBytePortPair({
      onArrival: (bytes, at) => this.#onArrival(bytes, at, pair),
    });
    const port = pair.right;
    const reader = new PacketReader({ decodeRequest, topicAliasMaximum: 100 });
    this.connections++;
    port.start({
      onData: (bytes) => {
        reader.push(bytes);
        for (let packet = reader.next(); packet; packet = reader.next()) {
          if (packet.type === "malformed") throw new Error(`the client sent ${packet.reason}`);
          this.#port = port;
          this.#receive(packet);
        }
      },
      onWritable() {},
      onClose: () => {
        if (this.#port === port) this.#port = undefined;
      },
    });
    return Promise.resolve(pair.left);
  };

  #receive(packet: Packet): void {
    switch (packet.type) {
      case "connect": {
        const sessionPresent = this.#known && !this.forgetful;
        if (!sessionPresent) this.#unreleased.clear();
        this.#known = true;
        this.#inflight.clear();
        this.#version = packet.version ?? 4;
        this.#send({ type: "connack", sessionPresent, reasonCode: 0, properties: this.properties });
        for (const message of this.#outgoing.values()) this.#deliver(message);
        return;
      }
      case "publish":
        if (packet.qos < 2 || !(this.takesOnRelease || this.#unreleased.has(packet.packetId))) {
          this.taken.push(decodeUtf8(packet.payload) ?? "");
        }
        if (packet.qos > 0) this.#inflight.add(packet.packetId);
        this.mostInflight = Math.max(this.mostInflight, this.#inflight.size);
        if (packet.qos === 1) this.#send({ type: "puback", packetId: packet.packetId });
        if (packet.qos === 2) {
          if (!this.#unreleased.has(packet.packetId)) {
            this.#unreleased.set(packet.packetId, decodeUtf8(packet.payload) ?? "");
          }
          this.#send({ type: "pubrec", packetId: packet.packetId });
        }
        return;
      case "pubrel": {
        const text = this.#unreleased.get(packet.packetId);
        if (this.takesOnRelease && text !== undefined) this.taken.push(text);
        this.#unreleased.delete(packet.packetId);
        this.#send({ type: "pubcomp", packetId: packet.packetId });
        return;
      }
      case "subscribe": {
        const reasonCodes = packet.subscriptions.map(({ qos }) => qos);
        this.#send({ type: "suback", packetId: packet.packetId, reasonCodes });
        return;
      }
      case "unsubscribe":
        this.#send({ type: "unsuback", packetId: packet.packetId });
        return;
      case "puback":
      case "pubcomp":
        this.#outgoing.delete(packet.packetId);
        return;
      case "pubrec": {
        const message = this.#outgoing.get(packet.packetId);
        if (message) message.released = true;
        this.#send({ type: "pubrel", packetId: packet.packetId });
        return;
      }
      case "pingreq":
        this.#send({ type: "pingresp" });
        return;
      default:
    }
  }

  #deliver(message: Outgoing): void {
    const { packetId, qos, text, sent, released } = message;
    if (released) this.#send({ type: "pubrel", packetId });
    else {
      const payload = encodeUtf8(text);
      this.#send({ type: "publish", topic: "down", payload, qos, retain: false, duplicate: sent, packetId });
    }
    message.sent = true;
  }

  #send(packet: Packet): void {
    if (packet.type === "puback" || packet.type === "pubcomp") this.#inflight.delete(packet.packetId);
    this.#port?.write(encodePacket(packet, this.#version));
  }
}
