import { type BytePort, createSeededRandom, decodeUtf8, type OpenBytePort } from "../../src/base/index.ts";
import {
  Modem,
  type ModemOptions,
  MqttLink,
  type MqttLinkOptions,
  nameOfStatus,
  FiveWire,
  type LinkWire,
  SerialWire,
  type SerialWireOptions,
  systemNetwork,
} from "../../src/link/index.ts";
import {
  type BytePortPair,
  createBytePortPair,
  createFiveLines,
  type FiveLinesOptions,
  type FiveLinesPair,
  VirtualClock,
} from "../../src/virtual/index.ts";
import { WatchedBroker } from "../gateway/broker.ts";

type HostSettings = Partial<Omit<MqttLinkOptions, "wire" | "clock">>;
type ModemSettings = Partial<Omit<ModemOptions, "wire" | "clock">>;

export interface LinkWorldOptions {
  readonly host?: HostSettings;
  readonly modem?: ModemSettings;
  readonly wire?: Partial<SerialWireOptions>;
  /** The host is the test's own affair: it opens the line. */
  readonly hostless?: boolean;
  /** Five lines in place of the serial one. */
  readonly fiveLines?: Partial<FiveLinesOptions>;
  /** Changes what arrives at either end of the line. */
  readonly disturb?: (bytes: Uint8Array) => Uint8Array;
  /** Takes up to ten times as long in real time, for what has many steps at one instant. */
  readonly settleTurns?: number;
}

/** A host and its modem on a serial line in memory, a real broker behind it, in virtual time. */
export class LinkWorld implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly broker: WatchedBroker;
  readonly random = createSeededRandom(11);
  /** The statuses that the host was told, by name. */
  readonly statuses: string[] = [];
  readonly troubles: string[] = [];
  /** What the modem was asked for. */
  readonly inits: unknown[] = [];
  /** What the host's handlers got. */
  readonly messages: string[] = [];
  /** There is none in a world that was opened without. */
  host!: MqttLink;
  modem!: Modem;
  readonly #options: LinkWorldOptions;
  readonly #waiting: ((port: BytePort) => void)[] = [];
  #pair: BytePortPair | undefined;
  readonly lines: FiveLinesPair;

  private constructor(options: LinkWorldOptions, broker: WatchedBroker) {
    this.#options = options;
    this.broker = broker;
    this.clock = new VirtualClock({
      async settle() {
        for (let turn = 0; turn < (options.settleTurns ?? 12); turn++)
          await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const { clock, random } = this;
    this.lines = createFiveLines({ clock, random, ...options.fiveLines });
  }

  static async open(options: LinkWorldOptions = {}): Promise<LinkWorld> {
    const world = new LinkWorld(options, await WatchedBroker.start());
    world.startModem();
    if (!options.hostless) world.startHost();
    await world.pass(options.fiveLines ? 4000 : 100);
    return world;
  }

  /** Both ends open the same line: whoever comes first waits for the other. */
  readonly openLine: OpenBytePort = () =>
    new Promise((resolve) => {
      const other = this.#waiting.shift();
      if (!other) {
        this.#waiting.push(resolve);
        return;
      }
      const { disturb } = this.#options;
      this.#pair = createBytePortPair({
        clock: this.clock,
        latencyMs: 1,
        ...(disturb ? { onArrival: (bytes) => [disturb(bytes)] } : {}),
      });
      other(this.#pair.left);
      resolve(this.#pair.right);
    });

  #wire(role: "host" | "modem"): LinkWire {
    const { clock } = this;
    if (this.#options.fiveLines) return new FiveWire({ role, clock, lines: this.lines[role] });
    return new SerialWire({
      open: this.openLine,
      clock: this.clock,
      random: this.random,
      about: `link/1 ${role}`,
      ...this.#options.wire,
    });
  }

  startHost(settings: HostSettings = {}): void {
    this.host = new MqttLink({
      wire: this.#wire("host"),
      clock: this.clock,
      random: this.random,
      onTrouble: (text) => this.troubles.push(`host: ${text}`),
      ...this.#options.host,
      ...settings,
      onStatus: async (status, text, life) => {
        this.statuses.push(nameOfStatus(status));
        const { onStatus } = { ...this.#options.host, ...settings };
        return onStatus ? await onStatus(status, text, life) : life.number === 1;
      },
    });
    this.host.start();
  }

  startModem(settings: ModemSettings = {}): void {
    this.modem = new Modem({
      wire: this.#wire("modem"),
      clock: this.clock,
      random: this.random,
      openBroker: (init) => {
        this.inits.push(init);
        return { open: this.broker.open };
      },
      network: systemNetwork,
      time: { read: () => Promise.resolve(this.clock.now()) },
      readMemory: () => ({ free: 1000, allocated: 24 }),
      onTrouble: (text) => this.troubles.push(`modem: ${text}`),
      ...this.#options.modem,
      ...settings,
    });
    this.modem.start();
  }

  /** The line is cut at once, as by the end of a process; both ends open it again. */
  cutLine(): void {
    this.#pair?.cut();
    this.lines.crash();
  }

  /** From now on nothing passes, and nobody is told: the other end has vanished. */
  freezeLine(): void {
    this.#pair?.freeze();
  }

  /** A modem that vanishes with all it has, as by `kill -9`, and another in its place. */
  killModem(): void {
    this.broker.cut();
    this.cutLine();
    void this.modem.close();
    this.broker.restore();
    this.startModem();
  }

  collect = (topic: string, payload: Uint8Array, retained: boolean): void => {
    this.messages.push(`${topic} ${decodeUtf8(payload)}${retained ? " (retained)" : ""}`);
  };

  async pass(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#options.hostless) await this.clock.runUntil(this.host.close());
    await this.clock.runUntil(this.modem.close());
    await this.broker[Symbol.asyncDispose]();
  }
}
