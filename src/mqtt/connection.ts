import type { BytePort, BytePortListener, Clock, MoteqError, Timer } from "../base/index.ts";
import type { MalformedReason } from "./body-reader.ts";
import { PacketWriter } from "./encode.ts";
import type { Deferred } from "./deferred.ts";
import { mqttErrors } from "./errors.ts";
import { LinkWatch, type WatchedLink } from "./link-watch.ts";
import type { ConnectPacket, OutgoingPacket, Packet } from "./packets.ts";
import { PacketReader } from "./reader.ts";
import { tooManyMessages } from "./session.ts";

/** A batch is handed to the port when it is this long, in bytes. */
const batchBytes = 65_536;

/** With more answers than this awaited, nobody waits for any single one: they may gather for a moment. */
const manyAwaited = 100;
/** How long, in milliseconds. To be woken for each costs the processor many times what it takes to read it. */
const gatherMs = 1;

/** What the broker did that MQTT does not allow. */
type Violation = MalformedReason | "too-many" | "unexpected";

const malformedPacket = 0x81;
/** The reason codes for what is not simply a malformed packet (MQTT 5, 3.14.2.1). */
const saidOf: Partial<Record<Violation, number>> = {
  unexpected: 0x82,
  "too-many": 0x93,
  "bad-alias": 0x94,
  "too-long": 0x95,
};

/** There is no connection at present, or it was closed. */
export function notConnected(): MoteqError {
  return mqttErrors.create("mqtt/connection-lost", "there is no connection to the broker");
}

/** Limits of a {@link Connection}. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly responseTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly maximumPacketBytes: number;
  readonly connect: ConnectPacket;
}

/** Whom a connection serves. */
export interface ConnectionOwner {
  /** How many answers of the broker are awaited, and how many of them are to SUBSCRIBE and UNSUBSCRIBE. */
  readonly session: { readonly awaited: number; readonly awaitedRequests: number };
  /** Takes a packet; returns what is wrong with it, if it must not be. */
  receive(packet: Packet): string | undefined;
  /** Whether what was sent may leave yet: what it depends on is safe in the store. */
  mayFlush(): boolean;
  /** Something came in, or there is room again: time to send what waits, and then to `flush`. */
  onTurn(): void;
  /** It is over. Called once, last, in a turn of its own. */
  onEnd(end: ConnectionEnd): void;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** Why, if nobody on this side wanted it. */
  readonly error: MoteqError | undefined;
  /** Whether the other side closed it, other than by a fault of the network. */
  readonly orderly: boolean;
  /** Whether it was not ended on this side: with bytes unread, a broker that closes looks like a fault of the network. */
  readonly wasClosed?: boolean;
}

/** One connection, from the open port to its end: packets to bytes and back, in batches, and the watch over it. */
export class Connection implements BytePortListener, WatchedLink {
  readonly #port: BytePort;
  readonly #owner: ConnectionOwner;
  readonly #options: ConnectionOptions;
  readonly #reader: PacketReader;
  readonly #writer = new PacketWriter();
  readonly #watch: LinkWatch;
  /** Who waits for the PINGRESP of each PINGREQ; nobody, as a rule, of a connection that is idle. */
  #pings: (Deferred<void> | undefined)[] | undefined;
  #writable = true;
  #held = false;
  #ownerHolds = false;
  #gathering: "due" | "now" | undefined;
  #closeTimer: Timer | undefined;
  #over = false;
  #ended = false;

  constructor(port: BytePort, options: ConnectionOptions, owner: ConnectionOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#options = options;
    const { version = 4, properties } = options.connect;
    const { topicAliasMaximum = 0 } = properties ?? {};
    const { maximumPacketBytes } = options;
    this.#reader = new PacketReader({ maximumPacketBytes, version, topicAliasMaximum });
    this.#watch = new LinkWatch(options, this);
    port.start(this);
  }

  /** Whether more may be sent in this batch. */
  get hasRoom(): boolean {
    return !this.#over && this.#writable && this.#writer.pending < batchBytes;
  }

  /** Adds a packet to the batch that `flush` hands on. Answers may go beyond its limit: see `#hold`. */
  send(packet: OutgoingPacket): void {
    if (!this.#over) this.#writer.write(packet);
  }

  /** Hands the batch to the port, if that takes more. */
  flush(): void {
    if (this.#over || !this.#writable || this.#writer.pending === 0 || !this.#owner.mayFlush()) return;
    this.#writable = this.#port.write(this.#writer.take());
    this.#watch.sent();
  }

  /**
   * CONNACK has come.
   *
   * @param aliasLimit how many topic aliases may be used
   * @param keepaliveSeconds if the broker wants another one (MQTT 5, 3.2.2.3.14)
   */
  accepted(aliasLimit: number, keepaliveSeconds: number | undefined): void {
    this.#writer.aliasLimit = aliasLimit;
    this.#watch.accepted(keepaliveSeconds);
  }

  /** Stops reading, or goes on; call it with `true` again whenever a message was taken meanwhile. */
  hold(held: boolean): void {
    if (this.#over) return;
    this.#ownerHolds = held;
    this.#watch.held(held);
    this.#hold();
  }

  /** Drops the connection because of an error. @param orderly whether the broker wanted it */
  fail(error: MoteqError, orderly = false): void {
    this.#finish({ error, orderly }, "abort");
  }

  /** Closes it in good order, behind everything sent; drops it if that takes too long. @param error why, if not by wish */
  close(error?: MoteqError): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    if (this.#owner.mayFlush()) this.#port.write(this.#writer.take());
    // To read on, though what comes is dropped: behind it is the other side's end.
    if (this.#held) this.#port.pause(false);
    this.#closeTimer = this.#options.clock.setTimer(this.#options.responseTimeoutMs, () => {
      this.#port.close("abort");
      this.#end({ error, orderly: false });
    });
    this.#port.close("flush");
    if (error) this.#end({ error, orderly: false });
  }

  isExpecting(): boolean {
    return !this.#writable || this.#owner.session.awaited > 0;
  }

  awaitedRequests(): number {
    return this.#owner.session.awaitedRequests;
  }

  /** Sends PINGREQ. @param answer is settled by its PINGRESP, or by the connection's end */
  ping(answer?: Deferred<void>): void {
    (this.#pings ??= []).push(answer);
    this.send({ type: "pingreq" });
    this.flush();
  }

  #pong(): void {
    this.#watch.pong();
    this.#pings?.shift()?.resolve();
    if (this.#pings?.length === 0) this.#pings = undefined;
  }

  giveUp(what: string): void {
    this.fail(mqttErrors.create("mqtt/timeout", `the broker ${what}; the connection was given up`));
  }

  onData(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#reader.push(bytes);
    this.#read();
    if (this.#over) return;
    this.#watch.received();
    if (!this.#gathering && this.#owner.session.awaited > manyAwaited) this.#gather();
  }

  onWritable(): void {
    if (this.#over) return;
    this.#writable = true;
    this.flush();
    // Somebody took what was written: a sign of life.
    this.#watch.received();
    this.#hold();
    this.#owner.onTurn();
  }

  onClose(error?: Error): void {
    this.#closeTimer?.cancel();
    if (this.#closeTimer) this.#end({ error: undefined, orderly: false });
    const lost = error
      ? mqttErrors.create("mqtt/connection-lost", `the connection to the broker was lost: ${error.message}`, {
          cause: error,
        })
      : mqttErrors.create("mqtt/connection-lost", "the broker closed the connection");
    this.#finish({ error: lost, orderly: error === undefined, wasClosed: true }, "abort");
  }

  /** Stops reading for a moment, behind all that is there already: some ports give one read in many pieces. */
  #gather(): void {
    const gathering = (how: "now" | undefined) => {
      this.#gathering = how;
      this.#hold();
    };
    this.#gathering = "due";
    void Promise.resolve("now" as const).then(gathering);
    this.#options.clock.setTimer(gatherMs, () => gathering(undefined));
  }

  /** Reads or does not: not while handlers have enough to do, nor while the broker does not take our answers. */
  #hold(): void {
    const held =
      this.#gathering === "now" ||
      this.#ownerHolds ||
      (!this.#writable && this.#writer.pending >= batchBytes);
    if (held === this.#held || this.#over) return;
    this.#held = held;
    this.#port.pause(held);
    if (!held) this.#read();
  }

  #read(): void {
    while (!this.#over && !this.#held) {
      const packet = this.#reader.next();
      if (!packet) break;
      if (packet.type === "malformed") return this.#violated(packet.reason, "sent bytes that are no packet");
      if (packet.type === "pingresp") this.#pong();
      const fault = this.#owner.receive(packet);
      if (fault) return this.#violated(fault === tooManyMessages ? "too-many" : "unexpected", fault);
      this.#hold();
    }
    if (!this.#over) this.#owner.onTurn();
  }

  /** Ends the connection because the broker broke the protocol; in MQTT 5 it hears how. */
  #violated(reason: Violation, what: string): void {
    const more = reason === "too-long" ? `; the limit is ${this.#options.maximumPacketBytes} bytes` : "";
    const message = `the broker ${what} (${reason}${more}); the connection was closed`;
    const error = mqttErrors.create("mqtt/protocol", message, { detail: { reason } });
    if (this.#options.connect.version !== 5) return this.fail(error);
    this.send({ type: "disconnect", reasonCode: saidOf[reason] ?? malformedPacket });
    this.close(error);
  }

  #finish(end: ConnectionEnd, how: "flush" | "abort"): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#port.close(how);
    for (const ping of this.#pings ?? []) ping?.reject(end.error ?? notConnected());
    this.#end(end);
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    void Promise.resolve().then(() => this.#owner.onEnd(end));
  }
}
