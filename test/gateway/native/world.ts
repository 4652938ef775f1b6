import { createSeededRandom, encodeUtf8, type Random, randomInteger } from "../../../src/base/index.ts";
import type { Radio } from "../../../src/device/index.ts";
import {
  emptyRecord,
  type ItemOutcome,
  NativePeer,
  type NativeRecord,
  type NativeUplink,
  type NodeItem,
  numberOfSequence,
  type WaitingMessage,
} from "../../../src/gateway/native/index.ts";
import { NativeNode, type NativeNodeOptions, type NativeNodeState } from "../../../src/mote/index.ts";
import { Air, type Faults, VirtualClock, type VirtualRadio } from "../../../src/virtual/index.ts";
import { secretOfCode } from "../../../src/wire/index.ts";

/** The code with which nodes may join. */
export const joinCode = "K7QF9-M2XTR-ABCDE-FGHJK";

/** What the gateway has committed of one node. */
interface KeptNode {
  record: NativeRecord;
  nextSequence: number;
  queue: WaitingMessage[];
}

/**
 * A gateway of one node after the other that does nothing but what a peer asks of it: commits, then answers. Its disk takes
 * time, and it can be killed at any instant: what was not committed is gone then.
 */
export class PeerGateway {
  /** Committed items, in order. */
  readonly accepted: { readonly node: string; readonly item: NodeItem }[] = [];
  /** Numbers of messages that nodes said they had, or would never take, in order. */
  readonly done: { readonly node: string; readonly sequence: number; readonly taken: boolean }[] = [];
  readonly drops: string[] = [];
  brokerOut = false;
  /** Where the gateway will go, and when by the clock. */
  move: { readonly channel: number; readonly at: number } | undefined;
  secrets: readonly Uint8Array[] = [secretOfCode(joinCode)];
  judge: (item: NodeItem) => ItemOutcome = () => "stored";
  readonly #kept = new Map<string, KeptNode>();
  readonly #peers = new Map<string, NativePeer>();
  readonly #clock: VirtualClock;
  readonly #radio: Radio;
  readonly #random: Random;
  readonly #commitMs: number;
  /** Counts the lives of the process: what belongs to an earlier one no longer happens. */
  #life = 0;
  #committed = Promise.resolve();

  constructor(clock: VirtualClock, radio: Radio, random: Random, commitMs: number) {
    this.#clock = clock;
    this.#radio = radio;
    this.#random = random;
    this.#commitMs = commitMs;
    radio.listen(({ source, bytes }) => this.#receive(source, bytes));
  }

  /** Kills the process and starts it again. */
  restart(): void {
    this.#life++;
    this.#peers.clear();
    this.#committed = Promise.resolve();
  }

  /** Lets a node's peer go, as a gateway short of memory does. */
  forget(node: string): void {
    this.#peers.delete(node);
  }

  recordOf(node: string): NativeRecord {
    return this.#keptOf(node).record;
  }

  /** How many messages wait for a node. */
  waiting(node: string): number {
    return this.#keptOf(node).queue.length;
  }

  /** Queues a message, on disk at once; a node that stays awake gets it now. */
  queue(node: string, topic: string, payload: string | Uint8Array, retained = false): number {
    const kept = this.#keptOf(node);
    const sequence = kept.nextSequence++;
    const bytes = typeof payload === "string" ? encodeUtf8(payload) : payload;
    kept.queue.push({ sequence, topic, payload: bytes, retained });
    if (this.#peers.get(node)?.stays) void this.#send(node, true);
    return sequence;
  }

  #receive(node: string, bytes: Uint8Array): void {
    const peer = this.#peerOf(node);
    let receipt = peer.receive(bytes);
    if (receipt.type === "join")
      receipt = peer.join(
        bytes,
        this.secrets.map((secret) => ({ secret, code: undefined, until: Infinity })),
      );
    if (receipt.type === "dropped") this.drops.push(receipt.reason);
    else if (receipt.type === "handshake") {
      const { frame, record } = receipt;
      this.#commit(() => {
        if (record) this.#keptOf(node).record = record;
        void this.#radio.send(node, frame);
      });
    } else if (receipt.type === "uplink") this.#takeUplink(node, peer, receipt);
  }

  #takeUplink(node: string, peer: NativePeer, uplink: NativeUplink): void {
    const outcomes = uplink.items.map((item) => this.judge(item));
    const later = outcomes.findIndex((outcome) => outcome !== "stored" && "later" in outcome);
    const stored = uplink.items.filter(
      (_, index) => outcomes[index] === "stored" && (later < 0 || index < later),
    );
    const record = uplink.items.length > 0 ? peer.settle(outcomes) : uplink.record;
    const change = () => {
      const kept = this.#keptOf(node);
      if (record) kept.record = record;
      for (const item of stored) this.accepted.push({ node, item });
      for (const number of uplink.came) this.#dequeue(node, number, true);
      for (const { number } of uplink.cannotTake) this.#dequeue(node, number, false);
    };
    const changes = record !== undefined || uplink.came.length + uplink.cannotTake.length > 0;
    this.#commit(() => {
      change();
      peer.committed();
      // It may have been let go meanwhile.
      if (this.#peers.get(node) === peer) void this.#send(node, uplink.fetch);
    }, changes);
  }

  #dequeue(node: string, number: number, taken: boolean): void {
    const { queue } = this.#keptOf(node);
    const index = queue.findIndex(({ sequence }) => numberOfSequence(sequence) === number);
    const [message] = index < 0 ? [] : queue.splice(index, 1);
    if (message) this.done.push({ node, sequence: message.sequence, taken });
  }

  async #send(node: string, fetch: boolean): Promise<void> {
    const { queue } = this.#keptOf(node);
    const messages = fetch ? queue.slice(0, 64) : [];
    const { frames, impossible } = this.#peerOf(node).send({
      time: this.#clock.now(),
      brokerOut: this.brokerOut,
      messages,
      waiting: queue.length,
      move: this.move && {
        channel: this.move.channel,
        inSeconds: Math.ceil((this.move.at - this.#clock.now()) / 1000),
      },
    });
    for (const sequence of impossible) {
      const index = queue.findIndex((message) => message.sequence === sequence);
      if (index >= 0) queue.splice(index, 1);
    }
    for (const frame of frames) await this.#radio.send(node, frame);
  }

  /** Runs `change` when everything before is committed; what changes nothing on disk takes no time. */
  #commit(change: () => void, changes = true): void {
    const life = this.#life;
    const delayMs = changes ? this.#random.next() * this.#commitMs : 0;
    const committed = this.#committed.then(
      () =>
        new Promise<void>((resolve) => {
          const finish = () => {
            if (life === this.#life) change();
            resolve();
          };
          if (delayMs > 0) this.#clock.setTimer(delayMs, finish);
          else finish();
        }),
    );
    this.#committed = committed;
  }

  #keptOf(node: string): KeptNode {
    let kept = this.#kept.get(node);
    if (!kept) {
      // Near the end of the 16 bits, so that every test goes over it.
      kept = { record: emptyRecord, nextSequence: 65_530, queue: [] };
      this.#kept.set(node, kept);
    }
    return kept;
  }

  #peerOf(node: string): NativePeer {
    let peer = this.#peers.get(node);
    if (!peer) {
      const { record } = this.#keptOf(node);
      const randomBytes = createRandomBytes(this.#random);
      peer = new NativePeer({ node, gateway: this.#radio.address, record, randomBytes });
      this.#peers.set(node, peer);
    }
    return peer;
  }
}

/** Bytes for keys that nobody has to keep secret. */
export function createRandomBytes(random: Random): (length: number) => Uint8Array {
  return (length) => Uint8Array.from({ length }, () => randomInteger(random, 0, 255));
}

/** A gateway and a node's radio on the virtual air. */
export function createNativeWorld({
  seed = 1,
  faults = {},
  commitMs = 0,
}: { seed?: number; faults?: Faults; commitMs?: number } = {}) {
  const clock = new VirtualClock();
  const random = createSeededRandom(seed);
  const air = new Air({ clock, random, faults });
  const gatewayRadio = air.join({
    address: "02006d6f7465",
    hostLatencyMs: 1,
    receiveBufferBytes: 16_384,
  });
  const gateway = new PeerGateway(clock, gatewayRadio, random, commitMs);
  const joinRadio = (address: string): VirtualRadio => air.join({ address, x: 5, receiveBufferBytes: 2048 });
  const radio = joinRadio("020000000001");
  const randomBytes = createRandomBytes(random);
  /** A node as it wakes with what it remembers. */
  const wake = (state?: NativeNodeState, options: Partial<NativeNodeOptions> = {}) =>
    new NativeNode({ radio, clock, gateway: gatewayRadio.address, randomBytes, state, ...options });
  /** A node that has joined. */
  const joined = async (options: Partial<NativeNodeOptions> = {}): Promise<NativeNode> => {
    const node = wake(undefined, options);
    const outcome = await clock.runUntil(node.join(joinCode));
    if (outcome !== "joined") throw new Error(`could not join: ${outcome}`);
    return node;
  };
  return {
    clock,
    random,
    air,
    gateway,
    gatewayRadio,
    radio,
    joinRadio,
    randomBytes,
    wake,
    joined,
    run: clock.runUntil.bind(clock),
  };
}
