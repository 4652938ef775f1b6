import type { BytePort, BytePortListener, Clock, MoteqError, Timer } from "../base/index.ts";
import { Deferred } from "./deferred.ts";
import { PacketWriter } from "./encode.ts";
import { mqttErrors } from "./errors.ts";
import { LinkWatch } from "./link-watch.ts";
import type { OutgoingPacket, Packet } from "./packets.ts";
import { PacketReader } from "./reader.ts";

/** A batch is handed to the port when it is this long, in bytes. */
const batchBytes = 65_536;

/** Limits of a {@link Connection}. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly responseTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly maximumPacketBytes: number;
}

/** Whom a connection serves. */
export interface ConnectionOwner {
  /** How many answers of the broker are awaited. */
  awaited(): number;
  /** How many of them are to SUBSCRIBE and UNSUBSCRIBE. */
  awaitedRequests(): number;
  /** Takes a packet; returns what is wrong with it, if it must not be. */
  receive(packet: Packet): string | undefined;
  /** Something came in, or there is room again: time to send what waits, and then to `flush`. */
  onTurn(): void;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** Why, if nobody on this side wanted it. */
  readonly error: MoteqError | undefined;
  /** Whether the other side closed it, other than by a fault of the network. */
  readonly orderly: boolean;
}

/** One connection, from the open port to its end: packets to bytes and back, in batches, and the watch over it. */
export class Connection implements BytePortListener {
  /** Resolves when it is over. */
  readonly ended = new Deferred<ConnectionEnd>();
  readonly #port: BytePort;
  readonly #owner: ConnectionOwner;
  readonly #options: ConnectionOptions;
  readonly #reader: PacketReader;
  readonly #writer = new PacketWriter();
  readonly #watch: LinkWatch;
  #writable = true;
  #held = false;
  #ownerHolds = false;
  #closeTimer: Timer | undefined;
  #over = false;

  constructor(port: BytePort, options: ConnectionOptions, owner: ConnectionOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#options = options;
    this.#reader = new PacketReader(options);
    this.#watch = new LinkWatch(options, {
      isExpecting: () => !this.#writable || owner.awaited() > 0,
      awaitedRequests: () => owner.awaitedRequests(),
      ping: () => {
        this.send({ type: "pingreq" });
        this.flush();
      },
      fail: (what) =>
        this.fail(mqttErrors.create("mqtt/timeout", `the broker ${what}; the connection was given up`)),
    });
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
    if (this.#over || !this.#writable || this.#writer.pending === 0) return;
    this.#writable = this.#port.write(this.#writer.take());
    this.#watch.sent();
  }

  /** CONNACK has come. */
  accepted(): void {
    this.#watch.accepted();
  }

  /** Stops reading, or goes on; call it with `true` again whenever a message was taken meanwhile. */
  hold(held: boolean): void {
    if (this.#over) return;
    this.#ownerHolds = held;
    this.#watch.held(held);
    this.#hold();
  }

  /** Drops the connection because of an error. */
  fail(error: MoteqError): void {
    this.#finish({ error, orderly: false }, "abort");
  }

  /** Closes it in good order, behind everything sent; drops it if that takes too long. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#port.write(this.#writer.take());
    // To read on, though what comes is dropped: behind it is the other side's end.
    if (this.#held) this.#port.pause(false);
    this.#closeTimer = this.#options.clock.setTimer(this.#options.responseTimeoutMs, () => {
      this.#port.close("abort");
      this.ended.resolve({ error: undefined, orderly: false });
    });
    this.#port.close("flush");
  }

  onData(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#reader.push(bytes);
    this.#read();
    if (!this.#over) this.#watch.received();
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
    if (this.#closeTimer) this.ended.resolve({ error: undefined, orderly: false });
    const lost = error
      ? mqttErrors.create("mqtt/connection-lost", `the connection to the broker was lost: ${error.message}`, {
          cause: error,
        })
      : mqttErrors.create("mqtt/connection-lost", "the broker closed the connection");
    this.#finish({ error: lost, orderly: error === undefined }, "abort");
  }

  /** Reads or does not: not while handlers have enough to do, nor while the broker does not take our answers. */
  #hold(): void {
    const held = this.#ownerHolds || (!this.#writable && this.#writer.pending >= batchBytes);
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
      if (packet.type === "pingresp") this.#watch.pong();
      const fault = this.#owner.receive(packet);
      if (fault) return this.#violated("unexpected", fault);
      this.#hold();
    }
    if (!this.#over) this.#owner.onTurn();
  }

  #violated(reason: string, what: string): void {
    const more = reason === "too-long" ? `; the limit is ${this.#options.maximumPacketBytes} bytes` : "";
    const message = `the broker ${what} (${reason}${more}); the connection was closed`;
    this.fail(mqttErrors.create("mqtt/protocol", message, { detail: { reason } }));
  }

  #finish(end: ConnectionEnd, how: "flush" | "abort"): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#port.close(how);
    this.ended.resolve(end);
  }
}
