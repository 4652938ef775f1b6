import { Aedes, type Client, type PublishPacket } from "aedes";
import type { Clock, Timer } from "../base/index.ts";
import type { BrokerPersistence } from "../node/index.ts";

/** Who takes messages inside this process: the gateway. */
export interface Taker {
  /** Under which its own connection to the broker is known. */
  readonly clientId: string;
  /** Whether a message on a topic is for it. */
  wants(topic: string): boolean;
  /** Takes a message; settles when it would outlive a power cut, `undefined` if it does already. */
  take(message: { topic: string; payload: Uint8Array; retain: boolean }): Promise<void> | undefined;
}

/** What a {@link DurableBroker} stands on. */
export interface DurableBrokerOptions {
  readonly persistence: BrokerPersistence;
  readonly clock: Clock;
  /** How long a publisher waits for its acknowledgement at the most, in milliseconds. */
  readonly patienceMs: number;
  /** Who takes messages; publishers wait until it is known. Default: nobody does. */
  readonly taker?: Promise<Taker> | undefined;
  /** Is told of trouble, a line each. */
  readonly say: (text: string) => void;
}

type Callback = (error?: Error) => void;
/** aedes gives the publisher too, which its types do not say. */
type Publish = (packet: PublishPacket, client: Client | Callback | null, done?: Callback) => void;

/**
 * aedes, which acknowledges a message at QoS 1 before it stores it, made to do so afterwards: the publisher waits until the gateway's
 * journal has the message, and the broker's store what it keeps of it. Where that takes too long the connection is ended without
 * an acknowledgement, so that the publisher sends the message again.
 */
export class DurableBroker extends Aedes {
  readonly #options: DurableBrokerOptions;
  #taker: Taker | undefined;
  /** Payloads that the taker has: its own connection does not get them a second time. aedes copies packets, not payloads. */
  readonly #taken = new WeakSet<object>();
  /** When a publisher's messages so far are done with: it hears of them in their order (MQTT 3.1.1, 4.6). */
  readonly #turns = new WeakMap<Client, Promise<void>>();
  /** When the taker was given a publisher's messages so far. */
  readonly #takes = new WeakMap<Client, Promise<unknown>>();
  /** Whether the taker has not taken a message in time, and not since. */
  #takerIsLate = false;
  #troubleSaid = false;
  readonly #deadlines = new Set<Timer>();

  constructor(options: DurableBrokerOptions) {
    super({ persistence: options.persistence });
    this.#options = options;
    this.authorizePublish = (client, packet, done) => void this.#authorize(client, packet, done);
    this.authorizeForward = (client, packet) => (this.#isWithheld(client, packet) ? null : packet);
  }

  /**
   * aedes would send a retained message to its subscribers only when it is stored, and what was published after it before it; they
   * then take it for a duplicate and never get it. So it is stored here.
   */
  override publish(packet: PublishPacket, client: Client | Callback | null, done?: Callback): void {
    const { persistence } = this.#options;
    const publish = super.publish.bind(this) as Publish;
    if (!packet.retain) {
      publish(packet, client, done);
      return;
    }
    if (!persistence.hasKept(packet)) void persistence.storeRetained(packet);
    publish({ ...packet, retain: false }, client, done);
  }

  override close(callback?: () => void): void {
    for (const deadline of this.#deadlines) deadline.cancel();
    super.close(callback);
  }

  /** Lets aedes acknowledge and publish a message when it is kept. Never rejects. */
  async #authorize(client: Client | null, packet: PublishPacket, answer: Callback): Promise<void> {
    if (packet.topic.startsWith("$SYS/")) {
      answer(new Error("topics below $SYS/ are the broker's own"));
      return;
    }
    if (packet.qos === 0) {
      answer();
      return;
    }
    const turn = this.#answerInTurn(this.#keep(client, packet), client && this.#turns.get(client), answer);
    if (client) this.#turns.set(client, turn);
    await turn;
  }

  async #answerInTurn(
    kept: Promise<void>,
    before: Promise<void> | null | undefined,
    answer: Callback,
  ): Promise<void> {
    const [outcome] = await Promise.allSettled([kept, before]);
    if (outcome.status === "fulfilled") answer();
    else answer(outcome.reason as Error);
  }

  async #keep(client: Client | null, packet: PublishPacket): Promise<void> {
    const { persistence } = this.#options;
    if (packet.qos === 2 && client && (await this.#isKnown(client, packet))) return;
    const taker = this.#taker ?? (await this.#options.taker);
    this.#taker = taker;
    const isForTaker = taker?.wants(packet.topic) ?? false;
    // The gateway's own connection waits as long as it takes: its messages are in its journal.
    const isPatient = client !== null && client.id === taker?.clientId;
    if (!isPatient && (persistence.isFailing || (isForTaker && this.#takerIsLate)))
      this.#refuse(client, packet);
    if (isForTaker && typeof packet.payload === "string") packet.payload = Buffer.from(packet.payload);
    const kept = persistence.keep(packet, isForTaker ? taker?.clientId : undefined);
    const all = taker && isForTaker ? this.#takeInTurn(taker, client, packet, kept) : kept;
    if (isPatient) await all;
    else if (!(await this.#inTime(all))) {
      if (isForTaker) this.#takerIsLate = true;
      this.#refuse(client, packet);
    }
    this.#troubleSaid = false;
  }

  /**
   * Gives a message to the taker, behind what the publisher has sent before, and once the broker has stored it: after a crash the
   * gateway then never finds an older retained message than the last that it has seen.
   */
  async #takeInTurn(
    taker: Taker,
    client: Client | null,
    packet: PublishPacket,
    kept: Promise<void>,
  ): Promise<void> {
    const { topic, payload } = packet;
    this.#taken.add(payload as Buffer);
    const before = client ? this.#takes.get(client) : undefined;
    const given = Promise.all([kept, before]).then(() => {
      const taken = taker.take({ topic, payload: Uint8Array.from(payload as Buffer), retain: false });
      return { taken };
    });
    if (client) this.#takes.set(client, given);
    await (
      await given
    ).taken;
    this.#takerIsLate = false;
  }

  /** Whether a message at QoS 2 has come before. */
  async #isKnown(client: Client, packet: PublishPacket): Promise<boolean> {
    return this.#options.persistence.incomingGetPacket(client, packet).then(
      () => true,
      () => false,
    );
  }

  /** `false` if it takes too long. */
  async #inTime(work: Promise<unknown>): Promise<boolean> {
    const { clock, patienceMs } = this.#options;
    let deadline: Timer | undefined;
    const late = new Promise<false>((resolve) => {
      deadline = clock.setTimer(patienceMs, () => resolve(false));
      this.#deadlines.add(deadline);
    });
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      deadline?.cancel();
      if (deadline) this.#deadlines.delete(deadline);
    }
  }

  #refuse(client: Client | null, { topic }: PublishPacket): never {
    const text = `a message on ${topic} cannot be stored at present, and is not acknowledged`;
    const consequence = `the connection of the client ${client?.id ?? "that has left it"} is ended, so that it sends it again`;
    if (!this.#troubleSaid) this.#options.say(`${text}: ${consequence}`);
    this.#troubleSaid = true;
    throw new Error(text);
  }

  /** Whether a client has a message already, or gets it behind older ones that still wait for it. */
  #isWithheld(client: Client, packet: PublishPacket): boolean {
    // With an id it comes out of the client's own queue.
    if (packet.messageId !== undefined) return false;
    const { payload } = packet;
    if (client.id === this.#taker?.clientId && typeof payload === "object" && this.#taken.has(payload))
      return true;
    return this.#options.persistence.holdsBack(client.id, packet);
  }
}
