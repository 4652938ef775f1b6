import {
  createSeededRandom,
  decodeUtf8,
  encodeUtf8,
  type Random,
  randomInteger,
} from "../../src/base/index.ts";
import {
  createBridgeWill,
  Gateway,
  type GatewaySettings,
  type GatewayStore,
  MemoryStore,
  RadioGroup,
} from "../../src/gateway/index.ts";
import { LinkNode, NativeNode, type NativeNodeState, PrototypeNode } from "../../src/mote/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import {
  Air,
  type Faults,
  VirtualClock,
  type VirtualRadio,
  type VirtualRadioOptions,
} from "../../src/virtual/index.ts";
import type { BridgeResponse } from "../../src/topics/index.ts";
import { WatchedBroker } from "./broker.ts";

export const gatewayAddress = "02006d6f7465";

/** What a world is made of. */
export interface WorldOptions {
  readonly config?: GatewaySettings;
  readonly store?: GatewayStore;
  readonly broker?: WatchedBroker;
  readonly faults?: Faults;
  readonly maximumFrameBytes?: number;
  /** The gateway's radios, which work as one. Default: one at 0, 0. */
  readonly radios?: readonly Partial<VirtualRadioOptions>[];
  /** Whether the broker is there at the start. Default true. */
  readonly reachable?: boolean;
  /** Whether the broker keeps the gateway's session, as it does for one with a store on disk. Default false. */
  readonly sessionKept?: boolean;
}

/** A radio on the air whose program notes what it hears. */
export interface Listener {
  readonly radio: VirtualRadio;
  readonly heard: string[];
}

/** A gateway between a simulated air and a real broker in memory, in virtual time. */
export class World implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly air: Air;
  readonly radio: VirtualRadio;
  /** All of the gateway's; the first is `radio`. */
  readonly radios: readonly VirtualRadio[];
  readonly broker: WatchedBroker;
  client: MqttClient;
  gateway: Gateway;
  readonly store: GatewayStore;
  readonly log: string[] = [];
  readonly random: Random;
  readonly #config: GatewaySettings;
  readonly #sessionKept: boolean;
  readonly #radios = new Map<string, VirtualRadio>();
  readonly #listeners = new Map<string, Listener>();

  private constructor(options: WorldOptions, broker: WatchedBroker, clock: VirtualClock) {
    const { config = {}, faults = {}, maximumFrameBytes = 250, store = new MemoryStore() } = options;
    const random = createSeededRandom(7);
    this.random = random;
    this.clock = clock;
    this.broker = broker;
    this.store = store;
    this.air = new Air({ clock, random, faults });
    const radios = (options.radios ?? [{}]).map((radio, _index, { length }) =>
      this.air.join({
        address: gatewayAddress,
        channel: 6,
        receiveBufferBytes: 1e6,
        maximumFrameBytes,
        sharesAddress: length > 1,
        ...radio,
      }),
    );
    this.radios = radios;
    this.radio = radios[0] as VirtualRadio;
    this.#config = { classic: "open", ...config };
    this.#sessionKept = options.sessionKept ?? false;
    this.client = this.#createClient();
    this.gateway = this.#createGateway();
  }

  #createClient(): MqttClient {
    return new MqttClient({
      open: this.broker.open,
      clock: this.clock,
      random: this.random,
      clientId: "gateway",
      clean: !this.#sessionKept,
      will: createBridgeWill(this.#config.base),
      onMessage: (message) => this.gateway.receive(message),
      onStatus: (status) => this.gateway.brokerStatus(status),
    });
  }

  #createGateway(): Gateway {
    const { clock, radios } = this;
    return new Gateway({
      radio: radios.length > 1 ? new RadioGroup(radios, { clock }) : this.radio,
      client: this.client,
      store: this.store,
      clock,
      randomBytes: (length) => Uint8Array.from({ length }, () => randomInteger(this.random, 0, 255)),
      config: this.#config,
      brokerName: "192.168.0.10",
      version: "1.2.3",
      log: (level, text) => this.log.push(`${level} ${text}`),
    });
  }

  /** The gateway is started anew, after `downMs`; its radio is on channel 6 again, as it is when it is plugged in. */
  async restart(downMs = 0): Promise<void> {
    await this.until(this.gateway.close());
    await this.until(this.client.close());
    for (const radio of this.radios) await radio.setChannel(6);
    await this.pass(downMs);
    this.client = this.#createClient();
    this.gateway = this.#createGateway();
    await this.gateway.start();
    this.client.start();
    await this.pass(50);
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    const broker = options.broker ?? (await WatchedBroker.start());
    if (options.reachable === false) broker.cut();
    const world = new World(options, broker, new VirtualClock({ settle: settleIo }));
    await world.gateway.start();
    world.client.start();
    await world.pass(options.reachable === false ? 0 : 50);
    return world;
  }

  /** Lets time pass. */
  async pass(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs);
  }

  /** Lets time pass until something has happened. */
  async until<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** The radio of a node, joined when it is first named. */
  at(address: string): Listener {
    let listener = this.#listeners.get(address);
    if (!listener) {
      const radio = this.air.join({
        address,
        channel: 6,
        receiveBufferBytes: 1e6,
        maximumFrameBytes: this.radio.maximumFrameBytes,
      });
      const heard: string[] = [];
      radio.listen(({ bytes }) => heard.push(decodeUtf8(bytes) ?? `(${bytes.length} bytes)`));
      listener = { radio, heard };
      this.#listeners.set(address, listener);
    }
    return listener;
  }

  /** Sends a frame as a node and returns what that node hears in the next 150 ms. */
  async say(address: string, frame: string | Uint8Array): Promise<string[]> {
    const { radio, heard } = this.at(address);
    const before = heard.length;
    const bytes = typeof frame === "string" ? encodeUtf8(frame) : frame;
    await this.until(radio.send(gatewayAddress, bytes));
    await this.pass(150);
    return heard.slice(before);
  }

  /** Publishes as somebody else and lets the message arrive. */
  async publish(
    topic: string,
    payload: string | Uint8Array,
    options?: { qos?: 0 | 1; retain?: boolean },
  ): Promise<void> {
    await this.until(this.broker.publish(topic, payload, options));
    await this.pass(10);
  }

  /** The broker goes away, and the client notices. */
  async cut(): Promise<void> {
    this.broker.cut();
    await this.pass(10);
  }

  /** The broker comes back, and the client finds it. */
  async restore(): Promise<void> {
    this.broker.restore();
    await this.pass(60_000);
  }

  /** The radio of a native node, joined when it is first named. */
  radioOf(address: string): VirtualRadio {
    const radio = this.#radios.get(address) ?? this.#join(address);
    this.#radios.set(address, radio);
    return radio;
  }

  /** A native node, with what it remembers. */
  nativeNode(address: string, state?: NativeNodeState): NativeNode {
    return new NativeNode({
      radio: this.radioOf(address),
      clock: this.clock,
      gateway: gatewayAddress,
      randomBytes: (length) => Uint8Array.from({ length }, () => randomInteger(this.random, 0, 255)),
      state,
    });
  }

  /** Asks the gateway as a program at the broker would, and gives its newest answer. */
  async ask(name: string, request: object): Promise<BridgeResponse> {
    await this.publish(`moteq/bridge/request/${name}`, JSON.stringify(request));
    await this.pass(10);
    return JSON.parse(this.broker.textsOn(`moteq/bridge/response/${name}`).at(-1) ?? "{}") as BridgeResponse;
  }

  linkNode(address: string): LinkNode {
    return new LinkNode({ radio: this.#join(address), clock: this.clock, gateway: gatewayAddress });
  }

  prototypeNode(address: string): PrototypeNode {
    return new PrototypeNode({ radio: this.#join(address), clock: this.clock, gateway: gatewayAddress });
  }

  /** What the gateway knows of a node. */
  node(address: string) {
    return this.gateway.report().nodes.find(({ node }) => node === address);
  }

  get counters() {
    return this.gateway.report().counters;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.until(this.gateway.close());
    await this.until(this.client.close());
    for (const radio of this.radios) await radio.close();
    await this.broker[Symbol.asyncDispose]();
  }

  #join(address: string): VirtualRadio {
    const { maximumFrameBytes } = this.radio;
    return this.air.join({ address, channel: 6, receiveBufferBytes: 1e6, maximumFrameBytes });
  }
}

/** The broker works with streams and immediates of its own; after so many turns it has done what it had to. */
async function settleIo(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
