import { type Clock, Counters, type OpenBytePort, type Random, Ring } from "../base/index.ts";
import type { MqttClientOptions } from "../mqtt/index.ts";
import {
  decodeClassicLink,
  decodeLinkRequest,
  encodeClassicAnswer,
  encodeLinkAnswer,
  isNativeLink,
  type LinkAnswer,
  type LinkFault,
  type LinkInit,
} from "../wire/index.ts";
import { ModemLife } from "./modem-life.ts";
import type { LinkNetwork, TimeSource } from "./network.ts";
import { linkStatus } from "./status.ts";
import type { LinkWire } from "./wire.ts";

/** What a modem is made of. */
export interface ModemOptions {
  readonly wire: LinkWire;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the broker is that a host asks for; user and password are those for a host that names none. */
  readonly openBroker: (init: LinkInit) => {
    readonly open: OpenBytePort | readonly OpenBytePort[];
    readonly username?: string;
    readonly password?: string;
  };
  readonly network: LinkNetwork;
  readonly time: TimeSource;
  /** In bytes. */
  readonly readMemory: () => { readonly free: number; readonly allocated: number };
  /** Under which the broker knows hosts that name no id of their own. Default another each time. */
  readonly clientId?: string;
  /** Further options of the client: limits and times. At the most 100 messages are with the host unless it says otherwise. */
  readonly client?: Pick<
    Partial<MqttClientOptions>,
    "backoff" | "responseTimeoutMs" | "offlineLimit" | "inflightLimit" | "incomingLimit"
  >;
  /** Told what goes wrong, for people. */
  readonly onTrouble?: (text: string) => void;
  /** Told when hosts come, run and go, for people. */
  readonly onNote?: (text: string) => void;
}

/** How a modem stands. */
export interface ModemReport {
  readonly phase: ModemLife["phase"] | "no-host";
  /** What the host speaks. */
  readonly dialect: "native" | "classic" | undefined;
  /** Hosts that came, or came back. */
  readonly lives: number;
  /** What was dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** How many answers may wait for the wire before messages are dropped. The client's own limits keep them below. */
const mostWaiting = 5000;

/** Does MQTT for a host at the other end of a wire, for as long as there are hosts. */
export class Modem {
  readonly #options: ModemOptions;
  readonly #drops = new Counters<LinkFault | "not-sendable" | "too-long" | "too-many">();
  readonly #waiting = new Ring<{ readonly bytes: Uint8Array; readonly sent: (carried: boolean) => void }>(
    mostWaiting,
  );
  #life: ModemLife | undefined;
  #ending: Promise<void> = Promise.resolve();
  #dialect: "native" | "classic" | undefined;
  /** How many fields the classic host's `init` had. */
  #fields = 0;
  #lives = 0;

  constructor(options: ModemOptions) {
    this.#options = options;
  }

  get report(): ModemReport {
    return {
      phase: this.#life?.phase ?? "no-host",
      dialect: this.#dialect,
      lives: this.#lives,
      drops: this.#drops.toJSON(),
    };
  }

  /** Waits for a host. Call it once. */
  start(): void {
    this.#options.wire.start({
      onUp: () => this.#begin(),
      onDown: (why, gone) => {
        if (this.#life?.saidGoodbye) this.#options.onNote?.("the host has ended");
        else if (this.#life) this.#options.onTrouble?.(`the host is gone: ${why}`);
        this.#end(gone);
      },
      onMessage: (message) => this.#take(message),
      onWritable: () => this.#flush(),
    });
  }

  /** Ends the broker connection and the wire. */
  async close(): Promise<void> {
    this.#end();
    this.#options.wire.close();
    await this.#ending;
  }

  #begin(): void {
    this.#end();
    this.#lives++;
    this.#dialect = undefined;
    this.#fields = 0;
    const life: ModemLife = new ModemLife({
      ...this.#options,
      confirms: () => this.#dialect === "native",
      answer: (answer) => (this.#life === life ? this.#answer(answer) : Promise.resolve(false)),
      drop: () => this.#drops.add("too-many"),
    });
    this.#life = life;
  }

  #end(lost = false): void {
    const life = this.#life;
    if (!life) return;
    this.#life = undefined;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next.sent(false);
    const before = this.#ending;
    this.#ending = life.end(lost).then(() => before);
  }

  #take(bytes: Uint8Array): void {
    const native = isNativeLink(bytes);
    // By its first words: what comes damaged later does not change it.
    this.#dialect ??= native ? "native" : "classic";
    const request = native ? decodeLinkRequest(bytes) : decodeClassicLink(bytes);
    if (request.type === "malformed") {
      // To a modem that asks, anything is a word to go on.
      if (this.#life?.phase === "asking") return this.#life.take({ type: "go-ahead" });
      this.#drops.add(request.fault);
      const text =
        request.fault === "bad-init"
          ? `Expected init, got: ${request.received}`
          : `Unknown command: ${request.received}`;
      void this.#answer({ type: "status", status: linkStatus.UNKNOWN, text });
      return;
    }
    if (request.type === "init") this.#fields = request.fields ?? 0;
    this.#life?.take(request);
  }

  /** Resolves when the wire has taken it, or will never; with `false` if the host can't be told it. */
  #answer(answer: LinkAnswer): Promise<boolean> {
    const bytes = this.#encode(answer);
    if (!bytes) return Promise.resolve(false);
    const { wire } = this.#options;
    if (this.#waiting.size === 0 && wire.send(bytes)) return Promise.resolve(true);
    if (wire.isTooLong(bytes)) {
      // Waiting, it would hold up for ever what is behind it.
      this.#drops.add("too-long");
      this.#options.onTrouble?.(`the host takes no message of ${bytes.length} bytes: it is dropped`);
      return Promise.resolve(false);
    }
    return new Promise((sent) => {
      if (this.#waiting.push({ bytes, sent })) return;
      this.#drops.add("too-many");
      sent(true);
    });
  }

  #encode(answer: LinkAnswer): Uint8Array | undefined {
    if (this.#dialect !== "classic") return encodeLinkAnswer(answer);
    const bytes = encodeClassicAnswer(answer, this.#fields, this.#options.wire.sevenBit);
    if (!bytes) this.#drops.add("not-sendable");
    return bytes;
  }

  #flush(): void {
    for (let next = this.#waiting.peek(); next; next = this.#waiting.peek()) {
      if (!this.#options.wire.send(next.bytes)) return;
      this.#waiting.shift();
      next.sent(true);
    }
  }
}
