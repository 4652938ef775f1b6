import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type Clock, fromHex, sha256Of, type Signer } from "../../src/base/index.ts";
import {
  BoardAgent,
  BoardLog,
  createBoardWill,
  type Keeper,
  type StagedImage,
  type BoardFiles,
} from "../../src/board/index.ts";
import { type Message, MqttClient } from "../../src/mqtt/index.ts";
import { systemClock, systemCryptography, systemRandom } from "../../src/node/index.ts";
import { FolderCrashStore } from "../../src/node/board/crashes.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { VmRepl } from "../../src/node/board/repl.ts";
import { ImageSlots } from "../../src/node/board/slots.ts";
import { openBoard, type RemoteBoard } from "../../src/remote/index.ts";
import {
  type BoardRequest,
  encodeBoardPacket,
  encodeBoardRequest,
  encodeCall,
  encodeReplyTopic,
  watchdogId,
} from "../../src/wire/index.ts";
import { createMemoryBroker, type MemoryBroker } from "../support/memory-broker.ts";

export const base = "shed/mqb";
export const services = { clock: systemClock, cryptography: systemCryptography };

/** How an agent of a test is made. */
export interface AgentWorldOptions {
  readonly trusted?: readonly Uint8Array[];
  readonly maximumBytes?: number;
  readonly partBytes?: number;
  readonly windowBytes?: number;
  readonly clock?: Clock;
  readonly computeMs?: number;
  readonly waitMs?: number;
  readonly feedMs?: number;
  /** What the broker lets through; of the rest it says nothing, as mosquitto does. Everything by default. */
  readonly mayPublish?: (topic: string) => boolean;
  /** Makes the files that it manages; real ones by default. */
  readonly files?: (root: string) => BoardFiles;
}

/** A keeper that starts nothing again, and remembers what it was asked. */
export class NotingKeeper implements Keeper {
  readonly slot = "factory";
  readonly image = null;
  readonly mode = "normal";
  readonly timeoutMs: number | undefined;
  confirmed = false;
  note: string | null = null;
  onChange: (() => void) | undefined;
  feeds = 0;
  readonly resets: string[] = [];
  /** The image that may boot. */
  bootable: StagedImage | undefined;
  readonly slots: ImageSlots;

  constructor(folder: string, timeoutMs: number | undefined) {
    this.slots = new ImageSlots(folder);
    this.slots.prepare();
    this.timeoutMs = timeoutMs;
  }

  fed(): void {
    this.feeds++;
  }

  reset(mode: string): void {
    this.resets.push(mode);
  }

  keepImage(): Promise<boolean> {
    return Promise.resolve(false);
  }

  openImage(image: StagedImage) {
    const vacate = () => Promise.resolve(void (this.bootable = undefined));
    const stage = () => Promise.resolve(void (this.bootable = image));
    return this.slots.open("a", image, vacate, stage);
  }
}

/** A broker in memory, an agent on it whose files are real, and clients to drive it. */
export class AgentWorld implements AsyncDisposable {
  readonly broker: MemoryBroker;
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "moteq-board-")));
  readonly root = join(this.folder, "files");
  readonly keeper: NotingKeeper;
  readonly crashes = new FolderCrashStore(join(this.folder, "crashes"));
  readonly log: BoardLog;
  /** The agent that answers; `restart` makes a new one. */
  agent!: BoardAgent;
  agentClient!: MqttClient;
  readonly #options: AgentWorldOptions;
  readonly #clients: MqttClient[] = [];

  private constructor(broker: MemoryBroker, options: AgentWorldOptions) {
    this.broker = broker;
    this.#options = options;
    mkdirSync(this.root);
    this.keeper = new NotingKeeper(join(this.folder, "slots"), options.feedMs && options.feedMs * 4);
    this.log = new BoardLog({ clock: options.clock ?? systemClock });
  }

  static async start(options: AgentWorldOptions = {}): Promise<AgentWorld> {
    const { mayPublish } = options;
    const broker = await createMemoryBroker();
    if (mayPublish)
      broker.aedes.authorizeForward = (_client, packet) => (mayPublish(packet.topic) ? packet : null);
    const world = new AgentWorld(broker, options);
    await world.restart();
    return world;
  }

  /** Ends the agent without a goodbye and starts another on the same files. */
  async restart(): Promise<void> {
    this.broker.pairs[this.#agentPair]?.left.close("abort");
    await this.agentClient?.close();
    const { trusted, maximumBytes, partBytes, windowBytes, computeMs, waitMs } = this.#options;
    const about = { name: "shed", version: "0", platform: "test" };
    let agent: BoardAgent | undefined = undefined;
    this.#agentPair = this.broker.pairs.length;
    const client = await this.connect({
      will: createBoardWill(base, about),
      onStatus: ({ type }: { type: string }) => {
        if (type === "connected" || type === "disconnected") agent?.linked(type === "connected");
      },
    });
    const watchdog = { feed: (token: unknown) => agent?.watchdog.feed(token) };
    const board = { name: "shed" };
    agent = new BoardAgent({
      client,
      ...services,
      clock: this.#options.clock ?? systemClock,
      files: this.#options.files?.(this.root) ?? new NodeBoardFiles(this.root),
      repl: new VmRepl({
        bindings: { board, watchdog },
        from: join(this.root, "repl.js"),
        ...(computeMs === undefined ? {} : { computeMs }),
        ...(waitMs === undefined ? {} : { waitMs }),
      }),
      keeper: this.keeper,
      crashes: this.crashes,
      log: this.log,
      base,
      ...about,
      ...(trusted ? { trusted } : {}),
      ...(maximumBytes === undefined ? {} : { maximumBytes }),
      ...(partBytes === undefined ? {} : { partBytes }),
      ...(windowBytes === undefined ? {} : { windowBytes }),
    });
    this.agent = agent;
    this.agentClient = client;
    await agent.start();
  }

  #agentPair = 0;

  async connect(options: object = {}): Promise<MqttClient> {
    const client = new MqttClient({
      open: this.broker.open,
      clock: this.#options.clock ?? systemClock,
      random: systemRandom,
      backoff: { minimumMs: 10, maximumMs: 20 },
      ...options,
    });
    this.#clients.push(client);
    client.start();
    await client.ready();
    return client;
  }

  /** Drives the agent; with a signer, signed. */
  async drive(
    options: { signer?: Signer; timeoutMs?: number; client?: MqttClient } = {},
  ): Promise<RemoteBoard> {
    const { signer, timeoutMs = 5000, client = await this.connect() } = options;
    const { clock = systemClock } = this.#options;
    return await openBoard({ ...services, clock, client, base, timeoutMs, signer });
  }

  /** What comes to and from the agent from now on, but for its own feed. */
  async listen(filter = `${base}/reply/#`): Promise<{ topic: string; text: string }[]> {
    const heard: { topic: string; text: string }[] = [];
    const client = await this.connect();
    const feed = new Set([`${base}/cmd/call/${watchdogId}`, encodeReplyTopic(base, "out", watchdogId)]);
    await client.subscribe(filter, { qos: 1 }, ({ topic, payload }: Message) => {
      if (feed.has(topic)) return;
      heard.push({ topic, text: Buffer.from(payload).toString("latin1") });
    });
    return heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.close();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.broker[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Makes calls of a client that writes them itself. */
export async function createCaller(world: AgentWorld, client: MqttClient) {
  const { session } = world.agent.info();
  const caller = randomBytes(8);
  let lastId = 0;
  return (
    request: BoardRequest,
    options: { number: number; signer?: Signer; retain?: boolean; session?: string },
  ) => {
    const topic = `${base}/cmd/call/raw${++lastId}`;
    const body = encodeCall(
      topic,
      {
        session: fromHex(options.session ?? session) ?? new Uint8Array(16),
        caller,
        number: options.number,
        request: encodeBoardRequest(request),
      },
      options.signer,
    );
    const payload = encodeBoardPacket({ sequence: 0, last: true, body });
    return {
      topic,
      payload,
      sent: client.publish(topic, payload, { qos: 1, retain: options.retain ?? false }),
    };
  };
}

/** Announces a file without sending it, and sends parts of it. */
export async function createPutter(world: AgentWorld) {
  const client = await world.connect();
  const call = await createCaller(world, client);
  const heard = await world.listen();
  let number = 0;
  return async (path: string, bytes: Uint8Array) => {
    const digest = sha256Of(systemCryptography, bytes);
    const before = heard.length;
    const { topic } = call({ do: "put", path, size: bytes.length, sha256: digest }, { number: ++number });
    await expect.poll(() => heard.length).toBeGreaterThan(before);
    const id = topic.split("/").at(-1) ?? "";
    return {
      id,
      said: () => heard.filter((one) => one.topic.endsWith(`/${id}`)).map(({ text }) => text),
      send: async (from: number, to: number) => {
        await client.publish(`${base}/cmd/part/${id}/${from}`, bytes.subarray(from, to), { qos: 1 });
      },
    };
  };
}
