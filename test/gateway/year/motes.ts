import { type Clock, type Random, type RandomBytes, sleep } from "../../../src/base/index.ts";
import { LinkNode, NativeNode, type NodeMessage, PrototypeNode } from "../../../src/mote/index.ts";
import { gatewayAddress } from "./dongle.ts";
import type { MoteRadio } from "./ether.ts";
import type { Ledger } from "./ledger.ts";

/** How often a node wakes, in seconds. */
export const wakePeriod = 3600;
/** After so many wakes in which nobody heard it, a classic node looks for its gateway on all channels, and again after so many more. */
const wakesToSearch = 4;
/** After a question without an answer a classic node waits until none can come any more, in milliseconds. */
const pauseMs = 300;
const channels = Array.from({ length: 13 }, (_, index) => index + 1);
/** How often a node starts anew of what it has saved, as after a deep sleep. */
const restartShare = 0.02;

export interface MoteOptions {
  readonly index: number;
  readonly radio: MoteRadio;
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: RandomBytes;
  readonly ledger: Ledger;
}

/** A sleeping node: what it does at each wake. */
export abstract class Mote {
  /** Whether it has nothing more to say, and is only to fetch what waits. */
  isQuiet = false;
  protected readonly options: MoteOptions;
  #nextReading = 0;
  #unheard = 0;

  constructor(options: MoteOptions) {
    this.options = options;
  }

  get index(): number {
    return this.options.index;
  }

  get radio(): MoteRadio {
    return this.options.radio;
  }

  /** Subscribes, and whatever else is needed once. */
  abstract introduce(): Promise<void>;

  /** Says and fetches what there is; `false` if nobody heard it. */
  protected abstract talk(): Promise<boolean>;

  /** Looks for the gateway on other channels, if it does not do so by itself. */
  protected async search(): Promise<void> {}

  /** Whether it has said all that it is to say. */
  get isDone(): boolean {
    return true;
  }

  /** Whether somebody has heard it; of a native node, whether the gateway has answered. */
  async wake(): Promise<boolean> {
    const { radio } = this.options;
    radio.awake = true;
    const heard = await this.talk();
    this.#unheard = heard ? 0 : this.#unheard + 1;
    if (this.#unheard > 0 && this.#unheard % wakesToSearch === 0) await this.search();
    radio.awake = false;
    return heard;
  }

  /** While it is awake already. */
  async begin(): Promise<void> {
    this.options.radio.awake = true;
    await this.introduce();
    this.options.radio.awake = false;
  }

  protected get topic(): string {
    return `up/${this.index}`;
  }

  protected get filter(): string {
    return `to/${this.index}/#`;
  }

  protected nextReading(): number {
    return this.#nextReading++;
  }

  protected readonly take = ({ topic, message }: NodeMessage): void => {
    this.options.ledger.got(this.index, Number(message), topic.endsWith("/alarm"));
  };
}

/** Goes to the first channel on which it is answered, or stays. */
async function searchChannels(radio: MoteRadio, isAnswered: () => Promise<boolean>): Promise<void> {
  const before = radio.channel;
  for (const channel of channels) {
    radio.channel = channel;
    if (await isAnswered()) return;
  }
  radio.channel = before;
}

/** One of the `link` dialect: publishes until it is told that it is taken, then fetches. */
class LinkMote extends Mote {
  readonly #node: LinkNode;

  constructor(options: MoteOptions) {
    super(options);
    this.#node = new LinkNode({ ...options, gateway: gatewayAddress });
  }

  async introduce(): Promise<void> {
    await this.#node.ping();
    await this.#node.subscribe(this.filter);
  }

  protected async talk(): Promise<boolean> {
    const { clock, index, ledger } = { ...this.options };
    let heard = false;
    const number = this.nextReading();
    for (let attempt = 0; attempt < 2 && !this.isQuiet; attempt++) {
      const outcome = await this.#node.publish(this.topic, String(number), { qos: 1 });
      heard ||= outcome !== "not-delivered";
      if (outcome === "acknowledged" || outcome === "broker-out") ledger.told(index, number);
      if (outcome === "acknowledged" || outcome === "broker-out" || outcome === "refused") break;
      await sleep(clock, pauseMs);
    }
    if (!heard && !this.isQuiet) return false;
    return (await this.#node.get(this.take)) || heard;
  }

  protected override search(): Promise<void> {
    return searchChannels(this.radio, async () => /up|down/.test(await this.#node.ping()));
  }
}

/** One of the `prototype` dialect: what waits for it follows its publication. */
class PrototypeMote extends Mote {
  readonly #node: PrototypeNode;

  constructor(options: MoteOptions) {
    super(options);
    this.#node = new PrototypeNode({ ...options, gateway: gatewayAddress });
  }

  async introduce(): Promise<void> {
    await this.#node.subscribe(this.filter);
  }

  protected async talk(): Promise<boolean> {
    const { clock, index, ledger, random } = this.options;
    const number = this.nextReading();
    // Some do not care.
    const acknowledge = random.next() < 0.7;
    const outcome = await this.#node.publish(this.topic, String(number), { qos: 1, acknowledge });
    if (outcome === "acknowledged") ledger.told(index, number);
    if (outcome === "not-delivered") return false;
    if (outcome === "no-answer") await sleep(clock, pauseMs);
    await this.#node.listen(this.take);
    return true;
  }

  protected override search(): Promise<void> {
    return searchChannels(this.radio, async () => {
      const outcome = await this.#node.publish("probe", "?", { acknowledge: true });
      await sleep(this.options.clock, pauseMs);
      return outcome === "acknowledged" || outcome === "refused";
    });
  }
}

/** One of the `native` dialect. It looks for its gateway by itself. */
class NativeMote extends Mote {
  #node: NativeNode;
  /** What it has said and the gateway is not known to have: readings by their number, others as `undefined`. */
  readonly #unsettled: (number | undefined)[] = [];

  constructor(options: MoteOptions) {
    super(options);
    this.#node = this.#create();
  }

  override get isDone(): boolean {
    return this.#unsettled.length === 0;
  }

  async introduce(): Promise<void> {
    const outcome = await this.#node.join();
    if (outcome !== "joined") this.options.ledger.complain(`node ${this.index} could not join: ${outcome}`);
    this.#node.announceWakes(wakePeriod, wakePeriod / 4);
    await this.#node.subscribe(this.filter);
  }

  protected async talk(): Promise<boolean> {
    const { random } = this.options;
    if (random.next() < restartShare) this.#node = this.#create(this.#node.save());
    for (let count = random.next() < 0.1 ? 2 : 1; count > 0 && !this.isQuiet; count--) {
      const number = this.nextReading();
      this.#node.add(this.topic, String(number));
      this.#unsettled.push(number);
    }
    return this.#exchange();
  }

  async #exchange(): Promise<boolean> {
    const { index, ledger } = this.options;
    const { outcome } = await this.#node.exchange(this.take);
    const settled = this.#unsettled.splice(0, this.#unsettled.length - this.#node.unsettled);
    for (const number of settled) if (number !== undefined) ledger.told(index, number);
    return outcome === "answered";
  }

  #create(state?: ReturnType<NativeNode["save"]>): NativeNode {
    return new NativeNode({ ...this.options, gateway: gatewayAddress, state, outboxLimit: 1000 });
  }
}

/** Whether a node speaks the native dialect: every third does. */
export function isNative(index: number): boolean {
  return index % 3 === 2;
}

export function createMote(options: MoteOptions): Mote {
  if (isNative(options.index)) return new NativeMote(options);
  return options.index % 3 === 1 ? new LinkMote(options) : new PrototypeMote(options);
}
