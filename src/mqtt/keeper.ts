import { messageOf, type MoteqError, show } from "../base/index.ts";
import { mqttErrors } from "./errors.ts";
import type { MqttClientOptions } from "./options.ts";
import { packetCodes } from "./packets.ts";
import { faultOfProperties } from "./properties.ts";
import { Publication } from "./publication.ts";
import type { PublishQueue } from "./publish-queue.ts";
import type { Session } from "./session.ts";
import type { SessionStore, StoreChange } from "./store.ts";

/** So many messages that are done wait for something more urgent to be written with; then they are written alone. */
const doneAtOnce = 64;

/** What a keeper does to the link. */
export interface KeeperTies {
  /** Everything urgent is safe: what waited for that may leave. */
  saved(): void;
  /** The store failed; these messages are not accepted. All else is tried again with the next `commit`. */
  failed(error: MoteqError, refused: readonly Publication[]): void;
}

/** Makes what keeps a session, for a client that is given it. @throws `mqtt/bad-option` if it cannot with these options */
export type CreateKeeper = (options: MqttClientOptions, ties: KeeperTies) => Keeper;

/** The stores of clients that are not closed. */
const inUse = new WeakSet<SessionStore>();

/**
 * Keeps a client's session in a store: for its option `keeper`. The store is the client's from then on until it is closed.
 * The client is not made (`mqtt/bad-option`) if the store is another one's, or without `clientId` and `clean: false`.
 */
export function keepIn(store: SessionStore): CreateKeeper {
  return ({ clientId, clean }, ties) => {
    if (clientId === undefined || clean !== false) {
      const got = `${show(clientId)} and ${show(clean)}`;
      throw mqttErrors.create("mqtt/bad-option", `a store needs a clientId and clean: false, got ${got}`);
    }
    return new Keeper(store, ties);
  };
}

/**
 * Keeps a session in its store. Nothing that the broker is told may be forgotten by a crash, so that packets wait for
 * the changes behind them: a message and its id before PUBLISH, PUBREC's mark before PUBREL, a received id before
 * PUBREC, and its end before PUBCOMP. All changes of a turn are written as one.
 */
export class Keeper {
  readonly #store: SessionStore;
  readonly #ties: KeeperTies;
  /** What is urgent, in the order in which it came about: a crash may find only the beginning of it. */
  #urgent: (Publication | StoreChange)[] = [];
  #done: StoreChange[] = [];
  #lastSequence = 0;
  #writing: Promise<void> | undefined;

  constructor(store: SessionStore, ties: KeeperTies) {
    this.#store = store;
    this.#ties = ties;
  }

  /** Whether everything that packets depend on is safe. */
  get isSafe(): boolean {
    return !this.#writing && this.#urgent.length === 0;
  }

  get #isEmpty(): boolean {
    return this.#urgent.length + this.#done.length === 0;
  }

  /** Puts back what was kept. Before anything else. @throws `mqtt/bad-option` if the store is another client's */
  restore(session: Session, queue: PublishQueue): void {
    if (inUse.has(this.#store)) {
      throw mqttErrors.create("mqtt/bad-option", "a store keeps one session: this one is another client's");
    }
    inUse.add(this.#store);
    const { messages, received, way = 0 } = this.#store.load();
    this.#lastSequence = messages.at(-1)?.sequence ?? 0;
    const publications = messages.map(({ topic, payload, qos, retain, properties = {}, ...known }) => {
      // A message that cannot be written as it is goes without what stands in its way.
      const fits = faultOfProperties(properties, packetCodes.publish) === undefined;
      return Object.assign(new Publication(topic, payload, qos, retain, fits ? properties : {}), known);
    });
    session.restore(
      publications.filter(({ packetId }) => packetId > 0),
      received,
      way,
    );
    for (const publication of publications) {
      if (publication.packetId === 0) queue.restore(publication);
    }
  }

  /** Keeps a message from the next `commit` on. */
  put(publication: Publication): void {
    this.#urgent.push(publication);
  }

  /** It goes out under its id. */
  sent(publication: Publication): void {
    const { sequence, packetId } = publication;
    if (sequence > 0) this.#urgent.push({ type: "sent", sequence, packetId });
  }

  released({ sequence }: Publication): void {
    if (sequence > 0) this.#urgent.push({ type: "released", sequence });
  }

  /** The message is done, well or not. */
  gone(publication: Publication): void {
    const { sequence } = publication;
    if (sequence > 0) this.#done.push({ type: "delete", sequence });
    else this.#urgent = this.#urgent.filter((one) => one !== publication);
    if (this.#done.length >= doneAtOnce) this.commit();
  }

  received(mark: number): void {
    this.#urgent.push({ type: "received", mark });
  }

  forgotten(mark: number): void {
    this.#urgent.push({ type: "forgotten", mark });
  }

  moved(way: number): void {
    this.#urgent.push({ type: "moved", way });
  }

  /** Writes what is to be written. */
  commit(): void {
    if (this.#writing || this.#isEmpty) return;
    this.#writing = Promise.resolve().then(() => this.#write());
  }

  /** Writes all that is left and lets go of the store. Never rejects. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#write();
    await this.#store.close().catch(() => {});
    inUse.delete(this.#store);
  }

  async #write(): Promise<void> {
    while (!this.#isEmpty) {
      const urgent = this.#urgent;
      const done = this.#done;
      this.#urgent = [];
      this.#done = [];
      const puts = urgent.filter((one) => one instanceof Publication);
      for (const publication of puts) publication.sequence = ++this.#lastSequence;
      try {
        await this.#store.apply([...urgent.map((one) => toChange(one)), ...done]);
      } catch (cause) {
        this.#urgent = [...urgent.filter((one) => !(one instanceof Publication)), ...this.#urgent];
        this.#done = [...done, ...this.#done];
        for (const publication of puts) publication.sequence = 0;
        this.#writing = undefined;
        const message = `the session could not be stored: ${messageOf(cause)}`;
        return this.#ties.failed(mqttErrors.create("mqtt/store-failed", message, { cause }), puts);
      }
      for (const publication of puts) publication.accepted?.(publication);
    }
    this.#writing = undefined;
    this.#ties.saved();
  }
}

function toChange(one: Publication | StoreChange): StoreChange {
  if (!(one instanceof Publication)) return one;
  const { sequence, topic, payload, qos, retain, properties, packetId, released } = one;
  const message = { sequence, topic, payload, qos, retain, properties, packetId, released };
  return { type: "put", message };
}
