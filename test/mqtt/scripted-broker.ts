import { type BytePort, concatBytes, type OpenBytePort } from "../../src/base/index.ts";
import {
  decodeRequest,
  encodePacket,
  type MalformedPacket,
  type MqttVersion,
  type Packet,
  PacketReader,
} from "../../src/mqtt/index.ts";
import { type BytePortPair, createBytePortPair } from "../../src/virtual/index.ts";

/** What a scripted broker answers; `undefined` for nothing. */
export type Script = (packet: Packet, connection: ScriptedConnection) => Packet | undefined;

/** One connection to a scripted broker, seen from the broker's side. */
export class ScriptedConnection {
  /** What the client sent on it. */
  readonly received: (Packet | MalformedPacket)[] = [];
  /** How often bytes came in. */
  pieces = 0;
  readonly pair: BytePortPair;
  closed = false;
  readonly #port: BytePort;
  #version: MqttVersion = 4;

  constructor(script: Script) {
    this.pair = createBytePortPair();
    this.#port = this.pair.right;
    const reader = new PacketReader({ decodeRequest, topicAliasMaximum: 65_535 });
    this.#port.start({
      onData: (bytes) => {
        this.pieces++;
        reader.push(bytes);
        for (let packet = reader.next(); packet; packet = reader.next()) {
          this.received.push(packet);
          if (packet.type === "connect") this.#version = packet.version ?? 4;
          const reply = packet.type === "malformed" ? undefined : script(packet, this);
          if (reply) this.send(reply);
        }
      },
      onWritable() {},
      onClose: () => {
        this.closed = true;
      },
    });
  }

  /** The types of what was received. */
  get types(): string[] {
    return this.received.map(({ type }) => type);
  }

  /** Sends packets in one piece. */
  send(...packets: Packet[]): void {
    this.#port.write(concatBytes(packets.map((packet) => encodePacket(packet, this.#version))));
  }

  sendBytes(...bytes: number[]): void {
    this.#port.write(Uint8Array.from(bytes));
  }

  /** Holds the client's bytes back, as a broker does that has too much to do. */
  pause(paused: boolean): void {
    this.#port.pause(paused);
  }

  close(): void {
    this.#port.close();
  }
}

/** A broker that does as a test says, for what a real one never does. */
export class ScriptedBroker {
  readonly connections: ScriptedConnection[] = [];
  script: Script;

  /** @param special what it does other than {@link answer}; what this gives no answer to, that answers */
  constructor(special: Script = () => undefined) {
    this.script = (packet, connection) => special(packet, connection) ?? answer(packet);
  }

  readonly open: OpenBytePort = () => {
    const connection = new ScriptedConnection((packet, from) => this.script(packet, from));
    this.connections.push(connection);
    return Promise.resolve(connection.pair.left);
  };

  get latest(): ScriptedConnection {
    const latest = this.connections.at(-1);
    if (!latest) throw new Error("nobody has connected yet");
    return latest;
  }
}

/** What a broker answers that takes everything. */
export function answer(packet: Packet): Packet | undefined {
  switch (packet.type) {
    case "connect":
      return { type: "connack", sessionPresent: false, reasonCode: 0 };
    case "publish":
      if (packet.qos === 0) return undefined;
      return { type: packet.qos === 1 ? "puback" : "pubrec", packetId: packet.packetId };
    case "pubrel":
      return { type: "pubcomp", packetId: packet.packetId };
    case "subscribe":
      return {
        type: "suback",
        packetId: packet.packetId,
        reasonCodes: packet.subscriptions.map(({ qos }) => qos),
      };
    case "unsubscribe":
      return { type: "unsuback", packetId: packet.packetId, reasonCodes: packet.filters.map(() => 0) };
    case "pingreq":
      return { type: "pingresp" };
    default:
      return undefined;
  }
}
