import { decodeUtf8 } from "../../../src/base/index.ts";
import type { NodeFate } from "../../../src/topics/index.ts";

/** How many complaints are kept: the first ones tell. */
const keptComplaints = 10;

/** What a message at the broker is to the ledger. */
export type Known =
  | { readonly type: "reading" | "backfill"; readonly node: number; readonly number: number }
  | { readonly type: "fate"; readonly node: number; readonly fate: NodeFate };

/** Reads a message at the broker; `undefined` if the ledger does not keep it. */
export function recognize(topic: string, payload: string | Uint8Array): Known | undefined {
  if (topic.startsWith("up/")) {
    return { type: "reading", node: Number(topic.slice(3)), number: Number(textOf(payload)) };
  }
  if (topic.endsWith("/fate")) {
    return { type: "fate", node: nodeOf(topic), fate: JSON.parse(textOf(payload)) as NodeFate };
  }
  if (!topic.endsWith("/backfill")) return undefined;
  const { value } = JSON.parse(textOf(payload)) as { value: number };
  return { type: "backfill", node: nodeOf(topic), number: value };
}

export function textOf(payload: string | Uint8Array): string {
  return typeof payload === "string" ? payload : (decodeUtf8(payload) ?? "");
}

function nodeOf(topic: string): number {
  return indexOfAddress(topic.split("/")[1] ?? "");
}

/** The address of a node. */
export function addressOf(index: number): string {
  return `020000${index.toString(16).padStart(6, "0")}`;
}

/** Which node has an address. */
export function indexOfAddress(address: string): number {
  return Number.parseInt(address.slice(6), 16);
}

/**
 * How often numbered things came. Each may come once, and once more for each time that whoever sent it could not know that it had
 * come: killed before it was noted, or cut off before it was told.
 */
class Copies {
  readonly #taken: number[] = [];
  readonly #excused: number[] = [];

  /** `false` if it came more often than may be. */
  take(number: number): boolean {
    this.#taken[number] = this.of(number) + 1;
    return this.of(number) <= 1 + this.excusesOf(number);
  }

  /** Its sender does not know that it came, and will send it again. */
  excuse(number: number): void {
    this.#excused[number] = this.of(number);
  }

  of(number: number): number {
    return this.#taken[number] ?? 0;
  }

  excusesOf(number: number): number {
    return this.#excused[number] ?? 0;
  }
}

/** What is known of one node. */
class NodeAccount {
  /** Readings on their topic. */
  readonly readings = new Copies();
  /** Readings that were told with their time. */
  readonly backfills = new Copies();
  /** Ends of messages, by their place in the queue. */
  readonly ends = new Copies();
  /** Which message stood at which place of the queue. */
  readonly messageAt: number[] = [];
  /** The readings of which the node was told that they are taken. */
  readonly told: number[] = [];
  /** The newest message that it got, by priority. */
  readonly newest = { ordinary: -1, urgent: -1 };
  newestReading = -1;
}

/** What is known of one message for a node. */
interface MessageAccount {
  readonly node: number;
  /** Whether the gateway has told the broker that it has it. */
  taken: boolean;
  /** How often it was committed to the node's queue: again if the broker could not know. */
  queued: number;
  /** How often the node got it. */
  got: number;
  /** How often the gateway told that the node has it. */
  acknowledged: number;
  /** Whether a radio said that the node had it, which was a lie. */
  liedAbout: boolean;
}

/** The books of a simulated year: what was promised, what came, and what may have come twice. */
export class Ledger {
  /** What should not have been, the first of it. */
  readonly wrong: string[] = [];
  readonly totals = { told: 0, readings: 0, repeatedReadings: 0, messages: 0, repeatedMessages: 0, ends: 0 };
  readonly #nodes: NodeAccount[];
  readonly #messages: MessageAccount[] = [];
  readonly #isNative: (node: number) => boolean;
  readonly #time: () => string;

  constructor(nodes: number, isNative: (node: number) => boolean, time: () => string) {
    this.#nodes = Array.from({ length: nodes }, () => new NodeAccount());
    this.#isNative = isNative;
    this.#time = time;
  }

  complain(text: string): void {
    if (this.wrong.length < keptComplaints) this.wrong.push(`${this.#time()}: ${text}`);
  }

  /** A node was told that its reading is taken. */
  told(node: number, number: number): void {
    this.#of(node).told.push(number);
    this.totals.told++;
  }

  /** The broker has taken a message. */
  arrived(known: Known): void {
    const account = this.#of(known.node);
    switch (known.type) {
      case "reading":
        this.#readingArrived(account, known.node, known.number);
        return;
      case "backfill":
        if (!account.backfills.take(known.number)) {
          this.complain(`node ${known.node}: reading ${known.number} was told twice with its time`);
        }
        return;
      case "fate":
        this.#ended(account, known.node, known.fate);
    }
  }

  /** The broker has taken a message, but its sender does not know, and will send it again. */
  mayRepeat(known: Known): void {
    const { readings, backfills, ends } = this.#of(known.node);
    if (known.type !== "fate") (known.type === "reading" ? readings : backfills).excuse(known.number);
    else if (known.fate.id !== undefined) ends.excuse(known.fate.id);
  }

  /** A message waits on the gateway's disk although its end may have been told. */
  waitsAfterKill(node: number, id: number): void {
    this.#of(node).ends.excuse(id);
  }

  /** Somebody publishes a message for a node; gives its number. */
  publish(node: number): number {
    const message = { node, taken: false, queued: 0, got: 0, acknowledged: 0, liedAbout: false };
    this.totals.messages++;
    return this.#messages.push(message) - 1;
  }

  /** A message was committed to a node's queue. */
  queued(node: number, id: number, number: number): void {
    this.#of(node).messageAt[id] = number;
    this.#message(number).queued++;
  }

  /** The gateway has told the broker that it has a message. */
  taken(number: number): void {
    const message = this.#message(number);
    message.taken = true;
    if (message.queued === 0)
      this.complain(`message ${number} for node ${message.node} was taken, and is in no queue`);
  }

  /** A node got a message. */
  got(node: number, number: number, urgent: boolean): void {
    const message = this.#message(number);
    message.got++;
    if (message.node !== node) this.complain(`node ${node} got message ${number} for node ${message.node}`);
    if (message.got > 1) this.totals.repeatedMessages++;
    if (!this.#isNative(node)) return;
    if (message.got > message.queued) this.complain(`node ${node} got message ${number} twice`);
    if (message.got > 1) return;
    const { newest } = this.#of(node);
    const priority = urgent ? "urgent" : "ordinary";
    if (number < newest[priority])
      this.complain(`node ${node} got message ${number} behind ${newest[priority]}`);
    newest[priority] = number;
  }

  /** A radio said that a node had taken a message, and it had not. */
  liedAbout(number: number): void {
    this.#message(number).liedAbout = true;
  }

  /** When all has settled: whether everything that was promised came. @param isWaiting whether a message still waits for a node */
  close(isWaiting: (node: number, id: number) => boolean): void {
    for (const [node, account] of this.#nodes.entries()) {
      for (const number of account.told) {
        if (account.readings.of(number) + account.backfills.of(number) === 0) {
          this.complain(`node ${node}: reading ${number} was acknowledged, and is lost`);
        }
      }
      for (const id of account.messageAt.keys()) {
        const ends = account.ends.of(id) - account.ends.excusesOf(id);
        const expected = isWaiting(node, id) ? 0 : 1;
        if (ends !== expected) this.complain(`node ${node}: ${ends} fates of message ${id}, not ${expected}`);
      }
    }
    for (const [number, message] of this.#messages.entries()) {
      const { node, taken, got, acknowledged, liedAbout } = message;
      if (!taken) this.complain(`message ${number} for node ${node} was never taken from the broker`);
      const came = this.#isNative(node) ? acknowledged : Math.min(1, acknowledged);
      if (got < came && !liedAbout)
        this.complain(`node ${node}: message ${number} was called delivered, and is lost`);
    }
  }

  #readingArrived(account: NodeAccount, node: number, number: number): void {
    this.totals.readings++;
    if (account.readings.of(number) > 0) this.totals.repeatedReadings++;
    const isTooMany = !account.readings.take(number);
    // A classic node that heard no answer says it again.
    if (!this.#isNative(node)) return;
    if (isTooMany) this.complain(`node ${node}: reading ${number} came twice`);
    if (account.readings.of(number) > 1) return;
    if (number < account.newestReading) {
      this.complain(`node ${node}: reading ${number} came behind ${account.newestReading}`);
    }
    account.newestReading = number;
  }

  #ended(account: NodeAccount, node: number, { id, fate }: NodeFate): void {
    if (fate === "queued" || fate === "sent") return;
    if (id === undefined) {
      this.complain(`node ${node}: a message was ${fate}`);
      return;
    }
    this.totals.ends++;
    if (!account.ends.take(id)) this.complain(`node ${node}: message ${id} ended twice`);
    const number = account.messageAt[id];
    if (number === undefined) this.complain(`node ${node}: message ${id} ended, and never began`);
    else if (fate === "acknowledged" && account.ends.of(id) === 1) this.#message(number).acknowledged++;
  }

  #of(node: number): NodeAccount {
    const account = this.#nodes[node];
    if (!account) throw new Error(`no node ${node}`);
    return account;
  }

  #message(number: number): MessageAccount {
    const message = this.#messages[number];
    if (!message) throw new Error(`no message ${number}`);
    return message;
  }
}
