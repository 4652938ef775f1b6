import {
  type AbortSignalLike,
  type Clock,
  createAborter,
  messageOf,
  type Random,
  randomInteger,
  sleep,
} from "../base/index.ts";
import type { MacAddress, TunableRadio } from "../device/index.ts";
import {
  LinkNode,
  NativeNode,
  type NativeNodeState,
  type NodeMessage,
  PrototypeNode,
} from "../mote/index.ts";
import { virtualErrors } from "./errors.ts";
import type { VirtualRadio } from "./radio.ts";
import type { RadioAccount } from "./radio-account.ts";
import { measureWake } from "./wake.ts";

/** When a node is awake: always, or for as long as its program takes, again and again. */
export type WakeSchedule =
  | "continuous"
  | {
      /** How long it sleeps between two runs of its program, in milliseconds. */
      readonly sleepMs: number;
      /** Up to so many milliseconds more, by chance. Default 0. */
      readonly jitterMs?: number;
    };

/** What a program may do besides talking to the gateway. */
export interface NodeContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the node is closed: pass it to every wait. */
  readonly signal: AbortSignalLike;
  /** Notes the outcome of an action for those who watch, and gives it back. */
  readonly note: <T extends string | number | boolean | undefined>(action: string, outcome: T) => T;
  /** Notes a message; pass it on as the handler of `get` and `listen`. */
  readonly receive: (message: NodeMessage) => void;
  /** Shows a colour. */
  readonly show: (colour: string) => void;
  /** Carries the node elsewhere, in metres. */
  readonly moveTo: (x: number, y: number) => void;
}

/** What a node does in a wake, with a node object made for it. What it must remember, it keeps by itself. */
export type NodeProgram =
  | { readonly dialect: "link"; run(node: LinkNode, context: NodeContext): Promise<void> }
  | { readonly dialect: "prototype"; run(node: PrototypeNode, context: NodeContext): Promise<void> }
  /** What the node knows – its key, its session, what is not settled – outlives sleep; of a program that threw only the key does. */
  | { readonly dialect: "native"; run(node: NativeNode, context: NodeContext): Promise<void> };

/** What a node did; `atMs` is the time of day. */
export type NodeEvent = { readonly node: string; readonly atMs: number } & NodeEventBody;

type NodeEventBody =
  | { readonly type: "woke"; readonly wake: number }
  | { readonly type: "slept"; readonly wake: number; readonly account: RadioAccount }
  | { readonly type: "sent"; readonly bytes: Uint8Array; readonly delivered: boolean }
  | {
      readonly type: "outcome";
      readonly action: string;
      readonly outcome: string | number | boolean | undefined;
    }
  | ({ readonly type: "received" } & NodeMessage)
  | { readonly type: "shows"; readonly colour: string }
  | { readonly type: "moved"; readonly x: number; readonly y: number }
  /** The program threw: a defect of the program. It runs again at the next wake. */
  | { readonly type: "failed"; readonly message: string };

/** How a virtual node is made. */
export interface VirtualNodeOptions {
  readonly name: string;
  /** Its radio, which it turns on and off, and closes. */
  readonly radio: VirtualRadio;
  readonly gateway: MacAddress;
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: WakeSchedule;
  readonly program: NodeProgram;
  /** How long after `start` it wakes first, in milliseconds. Default 0. */
  readonly firstWakeMs?: number;
}

/** How long a continuous node whose program ended takes to start anew. */
const restartMs = 1000;

/** A microcontroller with a radio, a program and a sleep schedule, on any clock. */
export class VirtualNode {
  readonly name: string;
  readonly radio: VirtualRadio;
  readonly #options: VirtualNodeOptions;
  readonly #aborter = createAborter();
  readonly #observers = new Set<(event: NodeEvent) => void>();
  #life: Promise<void> | undefined;
  #colour: string | undefined;
  #lastWake: RadioAccount | undefined;
  /** What a native node remembers while it sleeps. */
  #state: NativeNodeState | undefined;

  constructor(options: VirtualNodeOptions) {
    this.name = options.name;
    this.radio = options.radio;
    this.#options = options;
    this.radio.sleep();
  }

  /** The colour it shows, `undefined` as long as it has shown none. */
  get colour(): string | undefined {
    return this.#colour;
  }

  /** What its last wake cost; `awakeMs` is the radio-on time. */
  get lastWake(): RadioAccount | undefined {
    return this.#lastWake;
  }

  /** Tells of all that the node does; the observer must not throw. Returns what ends that. */
  observe(observer: (event: NodeEvent) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Begins to live; a second call, or one after `close`, does nothing. */
  start(): void {
    this.#life ??= this.#live();
  }

  /** Ends what it does and takes its radio off the air. Closing twice does nothing. */
  async close(): Promise<void> {
    this.#aborter.abort(virtualErrors.create("virtual/node-closed", `the node ${this.name} was closed`));
    this.#life ??= Promise.resolve();
    await this.#life;
    await this.radio.close();
  }

  async #live(): Promise<void> {
    const { clock, firstWakeMs = 0 } = this.#options;
    const { signal } = this.#aborter;
    try {
      await sleep(clock, firstWakeMs, signal);
      for (let wake = 1; ; wake++) {
        this.#tell({ type: "woke", wake });
        this.#lastWake = await measureWake(this.radio, () => this.#run());
        this.#tell({ type: "slept", wake, account: this.#lastWake });
        await sleep(clock, this.#pauseMs(), signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#tell({ type: "failed", message: messageOf(error) });
    }
  }

  #pauseMs(): number {
    const { schedule, random } = this.#options;
    if (schedule === "continuous") return restartMs;
    return schedule.sleepMs + random.next() * (schedule.jitterMs ?? 0);
  }

  /** Runs the program once; whatever it throws stays here. */
  async #run(): Promise<void> {
    const { clock, gateway, program } = this.#options;
    const link = { radio: this.#watchedRadio(), clock, gateway };
    try {
      if (program.dialect === "link") await program.run(new LinkNode(link), this.#context());
      else if (program.dialect === "native") await this.#runNative(link, program);
      else await program.run(new PrototypeNode(link), this.#context());
    } catch (error) {
      if (!this.#aborter.signal.aborted) this.#tell({ type: "failed", message: messageOf(error) });
    }
  }

  async #runNative(
    link: { radio: TunableRadio; clock: Clock; gateway: MacAddress },
    program: Extract<NodeProgram, { dialect: "native" }>,
  ): Promise<void> {
    const { random } = this.#options;
    const randomBytes = (length: number) => Uint8Array.from({ length }, () => randomInteger(random, 0, 255));
    const node = new NativeNode({ ...link, randomBytes, state: this.#state });
    try {
      await program.run(node, this.#context());
      this.#state = node.save();
    } catch (error) {
      const key = node.save()?.key;
      this.#state = key === undefined ? undefined : { key };
      throw error;
    }
  }

  #context(): NodeContext {
    const { clock, random } = this.#options;
    return {
      clock,
      random,
      signal: this.#aborter.signal,
      note: (action, outcome) => {
        this.#tell({ type: "outcome", action, outcome });
        return outcome;
      },
      receive: (message) => this.#tell({ type: "received", ...message }),
      show: (colour) => {
        this.#colour = colour;
        this.#tell({ type: "shows", colour });
      },
      moveTo: (x, y) => {
        this.radio.moveTo(x, y);
        this.#tell({ type: "moved", x, y });
      },
    };
  }

  /** The radio as the program has it: each frame sent is told of. */
  #watchedRadio(): TunableRadio {
    const { radio } = this;
    return {
      address: radio.address,
      maximumFrameBytes: radio.maximumFrameBytes,
      get channel() {
        return radio.channel;
      },
      setChannel: (channel) => radio.setChannel(channel),
      listen: (listener) => radio.listen(listener),
      close: () => radio.close(),
      send: async (destination, bytes) => {
        const delivered = await radio.send(destination, bytes);
        this.#tell({ type: "sent", bytes, delivered });
        return delivered;
      },
    };
  }

  #tell(body: NodeEventBody): void {
    const event: NodeEvent = { node: this.name, atMs: this.#options.clock.now(), ...body };
    for (const observer of this.#observers) observer(event);
  }
}
