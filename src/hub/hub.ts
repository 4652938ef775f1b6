import { join, resolve } from "node:path";
import {
  createBridgeWill,
  Gateway,
  type GatewayLog,
  type GatewayStore,
  MemoryStore,
} from "../gateway/index.ts";
import { sayStatus, systemClock, systemRandom, systemRandomBytes, ThreadedStore } from "../node/index.ts";
import type { DemoWorld } from "../virtual/index.ts";
import { brokerUrlOf, createBrokerClient } from "./broker-connection.ts";
import type { HubConfig } from "./config-schema.ts";
import type { Taker } from "./durable-broker.ts";
import { startEmbeddedBroker } from "./embedded-broker.ts";
import { openRadio } from "./radio-link.ts";
import { readVersion } from "./version.ts";

/** Broker, radio and gateway, running together. */
export interface Hub {
  readonly brokerUrl: string;
  /** Whether the broker is moteq's own. */
  readonly embedded: boolean;
  /** What the radio is, for people. */
  readonly radio: string;
  /** The address that nodes send to. */
  readonly address: string;
  readonly channel: number;
  /** The folder where nodes and their queues are kept; `undefined` if only in memory. */
  readonly data: string | undefined;
  readonly gateway: Gateway;
  /** The simulated world, with `radio.link: virtual`. */
  readonly world?: DemoWorld;
  /** Ends all of it, in order. Closing twice does nothing. */
  close(): Promise<void>;
}

/**
 * Starts everything that a configuration asks for. Where one part fails, those before it are ended again.
 *
 * @param say is told what happens, for the log
 * @throws what the parts throw: a busy port, no permission, an unreadable file
 */
export async function startHub(config: HubConfig, say: GatewayLog): Promise<Hub> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    const failures: unknown[] = [];
    for (const end of closers.splice(0).toReversed())
      await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await start(config, say, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: HubConfig,
  say: GatewayLog,
  closers: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<Hub> {
  const services = { clock: systemClock, random: systemRandom };
  const { radio, description, world } = await openRadio(config.radio, services, say);
  closers.push(() => radio.close());

  const data = config.data === "none" ? undefined : resolve(config.data);
  const clientId = config.broker.client_id ?? `moteq-${radio.address}`;
  const embedded = config.broker.url === undefined;
  const taker = createPromise<Taker>();
  if (embedded) {
    const broker = await startEmbeddedBroker({
      ...config.broker,
      folder: data === undefined ? undefined : join(data, "broker"),
      taker: taker.promise,
      say: (text) => say("warn", text),
    });
    closers.push(() => broker.close());
  }

  const store: GatewayStore =
    data === undefined
      ? new MemoryStore()
      : new ThreadedStore({ folder: data, say: (text) => say("warn", text) });
  const brokerUrl = brokerUrlOf(config.broker);
  const sayBroker = sayStatus(brokerUrl, say);
  let gateway: Gateway | undefined = undefined;
  const client = createBrokerClient(config.broker, {
    clientId,
    will: createBridgeWill(config.gateway.base),
    // With a store that outlives a restart, the broker is to keep what comes meanwhile.
    clean: data === undefined,
    onMessage: (message) => gateway?.receive(message),
    onStatus: (status) => {
      sayBroker(status);
      gateway?.brokerStatus(status);
    },
  });
  closers.push(() => client.close());

  gateway = new Gateway({
    radio,
    client,
    store,
    clock: services.clock,
    randomBytes: systemRandomBytes,
    config: { ...config.gateway, nodes: { ...namesIn(world), ...config.gateway.nodes } },
    brokerName: new URL(brokerUrl).host,
    version: readVersion(),
    log: say,
  });
  const running = gateway;
  await running.start();
  // Behind what an earlier life has left on its way.
  client.start();
  taker.resolve({
    clientId,
    wants: (topic) => running.wants(topic),
    take: (message) => running.receive(message),
  });
  closers.push(async () => {
    await running.close();
    const { waitingUplinks } = running.report();
    if (waitingUplinks === 0) return;
    const fate = data === undefined ? "and are lost" : `and wait in ${data}`;
    say("warn", `messages of nodes that are not with the broker yet: ${waitingUplinks}, ${fate}`);
  });

  world?.start();
  if (world) closers.push(() => world.close());

  const { address, channel } = radio;
  return {
    brokerUrl,
    embedded,
    radio: description,
    address,
    channel,
    data,
    gateway,
    ...(world ? { world } : {}),
    close,
  };
}

/** Simulated nodes are called by their names, unless the configuration calls them otherwise. */
function namesIn(world: DemoWorld | undefined): Record<string, { name: string }> {
  const nodes = world?.nodes ?? [];
  return Object.fromEntries(nodes.map(({ name, radio }) => [radio.address, { name }]));
}

/** A promise that somebody else settles. */
function createPromise<T>(): { readonly promise: Promise<T>; resolve: (value: T) => void } {
  let settle: ((value: T) => void) | undefined;
  const promise = new Promise<T>((given) => (settle = given));
  return { promise, resolve: (value) => settle?.(value) };
}
