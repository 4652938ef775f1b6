import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { type Clock, Counters, defineErrors, fromHex, show, type Timer, toHex } from "../base/index.ts";
import {
  assertSendable,
  type MacAddress,
  type Radio,
  radioErrors,
  type ReceivedFrame,
} from "../device/index.ts";
import { systemClock } from "./clock.ts";

/** The errors of the UDP radio; `docs/reference/errors.md` explains them. */
export const udpRadioErrors = defineErrors({
  "udp-radio/port-busy": {
    fault: "place",
    meaning:
      "Another program has the UDP port. Stop it, or choose another port with `--radio udp:HOST:PORT`.",
  },
  "udp-radio/cannot-bind": {
    fault: "place",
    meaning:
      "The UDP address cannot be used on this machine: no such address, or no permission for the port.",
  },
});

/** Where one end of a UDP radio is. */
export interface UdpEndpoint {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** How a UDP radio is made. */
export interface UdpRadioOptions {
  /** Its own address. */
  readonly address: MacAddress;
  /** Where it listens. Default: `127.0.0.1`, a port of the system's choice. */
  readonly bind?: Partial<UdpEndpoint>;
  /** Where every frame goes (a node's end). Without it frames go to where their destination was last heard. */
  readonly gateway?: UdpEndpoint;
  /** The channel it says it is on, 1 … 14. Default 1. */
  readonly channel?: number;
  /** The longest frame it sends, in bytes. Default 250. It takes frames of up to 1470. */
  readonly maximumFrameBytes?: number;
  /** How long a frame may wait for its acknowledgement, in milliseconds. Default 50. */
  readonly acknowledgementMs?: number;
  readonly clock?: Clock;
}

/** What a UDP radio has counted since it was opened. */
export type UdpRadioCount = "received" | "sent" | "unacknowledged" | "malformed" | "late-acknowledgement";

const addressBytes = 6;
const longestFrame = 1470;
/** Senders that are remembered at once; the one longest silent is forgotten first. */
const maximumPeers = 10_000;

interface Sending {
  readonly datagram: Uint8Array;
  readonly settle: (delivered: boolean) => void;
  timer: Timer | undefined;
}

/**
 * Frames between processes: one datagram a frame, 6 bytes of the sender's address, then the frame. A datagram of
 * the 6 bytes alone is the radio's own acknowledgement of the frame just received. For tests and experiments: it
 * is neither encrypted nor authenticated, so keep it on loopback. Bytes: `docs/reference/udp-radio.md`.
 */
export class UdpRadio implements Radio {
  readonly address: MacAddress;
  readonly channel: number;
  readonly maximumFrameBytes: number;
  readonly counters = new Counters<UdpRadioCount>();
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #gateway: UdpEndpoint | undefined;
  readonly #acknowledgementMs: number;
  readonly #acknowledgement: Uint8Array;
  readonly #peers = new Map<MacAddress, UdpEndpoint>();
  /** Frames by destination; the first is on its way, since an acknowledgement does not say which frame it means. */
  readonly #sending = new Map<MacAddress, Sending[]>();
  #listener: ((frame: ReceivedFrame) => void) | undefined;
  #closed = false;

  private constructor(socket: Socket, options: UdpRadioOptions) {
    this.address = options.address;
    this.channel = options.channel ?? 1;
    this.maximumFrameBytes = options.maximumFrameBytes ?? 250;
    this.#socket = socket;
    this.#clock = options.clock ?? systemClock;
    this.#gateway = options.gateway;
    this.#acknowledgementMs = options.acknowledgementMs ?? 50;
    this.#acknowledgement = addressOf(options.address);
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
    // A peer that is gone answers with ICMP, which the system reports here; its frame counts as unacknowledged.
    socket.on("error", () => {});
  }

  /** Opens one. @throws `udp-radio/port-busy`, `udp-radio/cannot-bind`, `radio/bad-address` */
  static async open(options: UdpRadioOptions): Promise<UdpRadio> {
    addressOf(options.address);
    const { host = "127.0.0.1", port = 0 } = options.bind ?? {};
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
    await bind(socket, host, port);
    return new UdpRadio(socket, options);
  }

  /** The port it listens on. */
  get port(): number {
    return this.#socket.address().port;
  }

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    if (this.#closed) throw radioErrors.create("radio/closed", "the UDP radio is closed");
    assertSendable(destination, bytes, this.maximumFrameBytes);
    const datagram = new Uint8Array(addressBytes + bytes.length);
    datagram.set(this.#acknowledgement);
    datagram.set(bytes, addressBytes);
    this.counters.add("sent");
    if (destination === "ffffffffffff") return this.#broadcast(datagram);
    return new Promise((settle) => {
      const sending: Sending = { datagram, settle, timer: undefined };
      const line = this.#sending.get(destination);
      if (line) line.push(sending);
      else {
        this.#sending.set(destination, [sending]);
        this.#transmit(destination, sending);
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const line of this.#sending.values()) {
      for (const sending of line) {
        sending.timer?.cancel();
        sending.settle(false);
      }
    }
    this.#sending.clear();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #transmit(destination: MacAddress, sending: Sending): void {
    const peer = this.#gateway ?? this.#peers.get(destination);
    if (peer) this.#socket.send(sending.datagram, peer.port, peer.host, () => {});
    const waitMs = peer ? this.#acknowledgementMs : 0;
    sending.timer = this.#clock.setTimer(waitMs, () => this.#finish(destination, false));
  }

  /** Settles the frame on its way to a destination and sends the next. */
  #finish(destination: MacAddress, delivered: boolean): void {
    const line = this.#sending.get(destination);
    const sending = line?.shift();
    if (!line || !sending) {
      this.counters.add("late-acknowledgement");
      return;
    }
    sending.timer?.cancel();
    if (!delivered) this.counters.add("unacknowledged");
    sending.settle(delivered);
    const next = line[0];
    if (next) this.#transmit(destination, next);
    else this.#sending.delete(destination);
  }

  #broadcast(datagram: Uint8Array): boolean {
    const peers = this.#gateway ? [this.#gateway] : this.#peers.values();
    for (const peer of peers) this.#socket.send(datagram, peer.port, peer.host, () => {});
    return true;
  }

  #receive(datagram: Uint8Array, from: RemoteInfo): void {
    if (datagram.length < addressBytes || datagram.length > addressBytes + longestFrame) {
      this.counters.add("malformed");
      return;
    }
    const source = toHex(datagram.subarray(0, addressBytes));
    this.#remember(source, { host: from.address, port: from.port });
    if (datagram.length === addressBytes) {
      this.#finish(source, true);
      return;
    }
    this.counters.add("received");
    this.#socket.send(this.#acknowledgement, from.port, from.address, () => {});
    this.#listener?.({ source, bytes: new Uint8Array(datagram.subarray(addressBytes)) });
  }

  #remember(source: MacAddress, endpoint: UdpEndpoint): void {
    this.#peers.delete(source);
    this.#peers.set(source, endpoint);
    if (this.#peers.size <= maximumPeers) return;
    const [oldest] = this.#peers.keys();
    if (oldest !== undefined) this.#peers.delete(oldest);
  }
}

function addressOf(address: MacAddress): Uint8Array {
  const bytes = fromHex(address);
  if (bytes?.length === addressBytes && address === address.toLowerCase()) return bytes;
  throw radioErrors.create(
    "radio/bad-address",
    `a radio address is 12 lower-case hexadecimal digits, got ${show(address)}`,
  );
}

async function bind(socket: Socket, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, host, resolve);
    });
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw udpRadioErrors.create("udp-radio/port-busy", `UDP port ${port} on ${host} is in use`, { cause });
    }
    throw udpRadioErrors.create("udp-radio/cannot-bind", `cannot listen on UDP ${host}:${port} (${code})`, {
      cause,
    });
  } finally {
    socket.removeAllListeners("error");
  }
}
