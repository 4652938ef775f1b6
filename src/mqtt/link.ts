import { type BytePort, type MoteqError, randomInteger, show } from "../base/index.ts";
import { Connection } from "./connection.ts";
import { ConnectionLoop, type ConnectionResult } from "./connection-loop.ts";
import { Deferred } from "./deferred.ts";
import type { Dispatch } from "./dispatch.ts";
import { encodePacket } from "./encode.ts";
import { mqttErrors } from "./errors.ts";
import { Intake } from "./intake.ts";
import type { Keeper, KeeperTies } from "./keeper.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ConnackPacket, ConnectPacket, DisconnectPacket, Packet } from "./packets.ts";
import type { PropertiesOf } from "./properties.ts";
import { Publication } from "./publication.ts";
import { PublishQueue } from "./publish-queue.ts";
import { blamesConnection, toReasonCode } from "./reason-codes.ts";
import type { Request } from "./requests.ts";
import { Session } from "./session.ts";
import type { StatusFeed } from "./status.ts";

/** With so few messages in flight a new one goes out at once. */
const promptly = 32;

/** Carries one session over one connection after the other: the session says what, the link sees to when. */
export class Link {
  readonly session: Session;
  readonly queue: PublishQueue;
  readonly intake: Intake;
  /** Resolves when a connection was accepted for the first time. */
  readonly ready = new Deferred<void>();
  /** Connections that were accepted, and messages that were sent for the first time. */
  readonly counts = { connections: 0, sent: 0 };
  /** What the broker said of itself when it accepted the present or latest connection (MQTT 5, 3.2.2.3). */
  server: PropertiesOf["connack"] = {};
  /** The client's, or the one that the broker has given it. */
  clientId: string;
  readonly #options: ResolvedOptions;
  readonly #statuses: StatusFeed;
  readonly #loop: ConnectionLoop;
  readonly #keeper: Keeper | undefined;
  #connection: Connection | undefined;
  #connected = false;
  #turnIsDue = false;
  /** Whether the next connection begins a new session. */
  #clean: boolean;
  /** Why it was closed, once it was. */
  #closing: MoteqError | undefined;
  /** New messages go out while no more than so many are in flight. */
  #resumeAt = promptly;

  constructor(options: ResolvedOptions, dispatch: Dispatch, statuses: StatusFeed) {
    this.#options = options;
    this.#statuses = statuses;
    this.#clean = options.clean !== false;
    this.clientId = options.connect.clientId;
    this.#keeper = options.keeper?.(this.#keeperTies());
    this.intake = new Intake(options.incomingLimit, dispatch, {
      settle: (delivery) => {
        this.session.settle(delivery);
        this.#scheduleTurn();
      },
      hold: (held) => this.#connection?.hold(held),
    });
    // A broker that keeps the session may still hold ids of the client's former life.
    const firstPacketId = options.clean === false ? randomInteger(options.random, 1, 65_535) : 1;
    this.session = new Session(
      {
        send: (packet) => this.#connection?.send(packet),
        deliver: (packet, delivery) => this.intake.deliver(packet, delivery),
        subscriptionLost: (filter) => statuses.push({ type: "subscription-lost", filter }),
        note: (publication) => {
          const { packetId, released, handover } = publication;
          handover?.note(packetId, released, () => {
            this.session.noted(publication);
            this.#scheduleTurn();
          });
        },
        record: this.#keeper,
      },
      { ...options, firstPacketId, receiveMaximum: options.connect.properties?.receiveMaximum },
    );
    this.queue = new PublishQueue(options.offlineLimit, options.offlinePolicy, (publication) => {
      if (this.#keeper && publication.qos > 0 && !publication.handover) this.#keeper.put(publication);
      else publication.accepted?.(publication);
    });
    this.#loop = new ConnectionLoop(options, {
      onAttempt: (attempt) => statuses.push({ type: "connecting", attempt }),
      serve: (port) => this.#serve(port),
      onRetry: (error, retryInMs) =>
        statuses.push({ type: "disconnected", ...(error ? { error } : {}), retryInMs }),
    });
    if (this.#keeper) this.#restore(this.#keeper);
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Connects, again and again, until `close`; resolves when the last connection is over and the store is closed. */
  async run(): Promise<void> {
    await this.#loop.run();
    await this.#keeper?.close();
  }

  /** Takes a message to be sent; its promise tells what becomes of it. */
  publish(publication: Publication): void {
    const { handover } = publication;
    if (handover && this.session.resume(publication, handover)) {
      publication.accepted?.(publication);
      return;
    }
    // A burst goes out as far as the connection takes it before anything has to be dropped.
    if (this.queue.isFull(this.session.inflight)) this.#turn();
    const dropped = this.queue.push(publication, this.session.inflight);
    if (dropped) this.#keeper?.gone(dropped);
    this.#scheduleTurn();
  }

  /** Nobody waits for a message any more; what is in flight stays there. */
  forget(publication: Publication, reason: unknown): void {
    if (this.queue.forget(publication, reason)) this.#keeper?.gone(publication);
  }

  /** Takes a request; its promise tells what becomes of it. */
  request(request: Request): void {
    this.session.request(request);
    this.#scheduleTurn();
  }

  /** Nobody waits for a request any more. */
  abandon(request: Request, reason: unknown): void {
    this.session.abandon(request, reason);
    this.#scheduleTurn();
  }

  /** Ends the connection with a goodbye, behind what it takes at once, and rejects everything that waits. */
  close(error: MoteqError): void {
    this.#turn();
    this.#closing = error;
    if (!this.#keeper || this.#keeper.isSafe) this.#sayGoodbye(error);
    this.#loop.stop(error);
    this.session.end(error);
    this.queue.end(error);
    this.ready.reject(error);
  }

  #sayGoodbye(error: MoteqError): void {
    if (this.#connected) {
      this.#connection?.send({ type: "disconnect" });
      this.#connection?.close();
    } else this.#connection?.fail(error);
    this.#connected = false;
  }

  /** Uses a port until it is closed. */
  async #serve(port: BytePort): Promise<ConnectionResult> {
    const clean = this.#clean;
    const connection = new Connection(port, this.#options, {
      awaited: () => this.session.awaited,
      awaitedRequests: () => this.session.awaitedRequests,
      receive: (packet) => this.#receive(packet, connection),
      mayFlush: () => !this.#connected || !this.#keeper || this.#keeper.isSafe,
      onTurn: () => this.#scheduleTurn(),
    });
    this.#connection = connection;
    const { connect } = this.#options;
    connection.send({ ...connect, clientId: this.clientId, clean } satisfies ConnectPacket);
    connection.flush();
    const { error, orderly } = await connection.ended.promise;
    const accepted = this.#connected;
    this.#connection = undefined;
    this.#connected = false;
    if (accepted) this.session.disconnect(orderly);
    return { accepted, error, again: clean && !this.#clean && !accepted };
  }

  #receive(packet: Packet, connection: Connection): string | undefined {
    if (packet.type === "disconnect" && this.#options.connect.version === 5) {
      this.#receiveDisconnect(packet, connection);
    } else if (this.#connected) return this.session.receive(packet);
    else if (packet.type === "connack") this.#receiveConnack(packet, connection);
    else return `sent ${packet.type.toUpperCase()} before CONNACK`;
    return undefined;
  }

  #receiveConnack({ reasonCode, properties = {}, ...packet }: ConnackPacket, connection: Connection): void {
    if (reasonCode !== 0) {
      const code = toReasonCode(reasonCode);
      connection.fail(
        this.#options.explain("mqtt/refused", "the broker refused the connection", code, properties),
      );
      return;
    }
    const sessionPresent = packet.sessionPresent && !this.#clean;
    if (this.#options.clean === "once" && this.#clean) {
      this.#clean = false;
      if (this.#options.connect.version !== 5) {
        // Such a session would end with its connection: this one has only ended the one before (MQTT 3.1.1, 3.1.2.4).
        connection.send({ type: "disconnect" });
        connection.close();
        return;
      }
    }
    this.#connected = true;
    this.server = properties;
    this.clientId = properties.assignedClientIdentifier ?? this.clientId;
    this.counts.connections++;
    const { incomingLimit, topicAliasMaximum, connect } = this.#options;
    // In MQTT 5 the broker keeps to the limit itself, so that reading can go on.
    this.intake.connect(connect.version === 5 ? incomingLimit + 1 : incomingLimit);
    this.session.connect(sessionPresent, properties.receiveMaximum);
    connection.accepted({
      ...properties,
      topicAliasMaximum: Math.min(topicAliasMaximum, properties.topicAliasMaximum ?? 0),
    });
    this.#statuses.push({ type: "connected", sessionPresent });
    this.ready.resolve();
  }

  #receiveDisconnect({ reasonCode = 0, properties }: DisconnectPacket, connection: Connection): void {
    const what = "the broker ended the connection";
    const error = this.#options.explain("mqtt/disconnected", what, reasonCode, properties);
    connection.fail(error, !blamesConnection(reasonCode));
  }

  #keeperTies(): KeeperTies {
    return {
      saved: () => {
        this.#connection?.flush();
        if (this.#closing) this.#sayGoodbye(this.#closing);
        else this.#scheduleTurn();
      },
      failed: (error, refused) => {
        for (const publication of refused) {
          this.session.forget(publication);
          this.queue.forget(publication, error);
          publication.reject(error);
        }
        this.#statuses.push({ type: "store-failed", error });
        this.#connection?.fail(error);
      },
    };
  }

  #restore(keeper: Keeper): void {
    const { messages, received } = keeper.load();
    const publications = messages.map(({ topic, payload, qos, retain, properties, ...known }) =>
      Object.assign(new Publication(topic, payload, qos, retain, properties), known),
    );
    this.session.restore(
      publications.filter(({ packetId }) => packetId > 0),
      received,
    );
    for (const publication of publications) {
      if (publication.packetId === 0) this.queue.restore(publication);
    }
  }

  /** Everything that is to be sent in one turn of the program goes out in one piece at its end. */
  #scheduleTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    void endOfTurn.then(() => this.#turn());
  }

  /** Sends what may be sent, in batches, for as long as the connection takes them. */
  #turn(): void {
    this.#turnIsDue = false;
    const connection = this.#connection;
    if (connection && this.#connected) this.#send(connection);
    this.queue.acceptMore(this.session.inflight);
    this.#keeper?.commit();
  }

  #send(connection: Connection): void {
    // With many in flight, an acknowledgement is no reason to send one more: a quarter of them together costs the
    // processor far less, and the broker has enough to do until then.
    const mayPublish = this.session.inflight <= this.#resumeAt;
    const { sent } = this.counts;
    const handed: Publication[] = [];
    for (let more = true; more && connection.hasRoom; connection.flush()) {
      while (more && connection.hasRoom) {
        more = this.session.sendNext() || (mayPublish && this.#publishNext(handed));
      }
    }
    // Answers go out even if nothing else may.
    connection.flush();
    if (this.counts.sent > sent) this.#resumeAt = Math.max(promptly, this.session.inflight * 0.75);
    for (const publication of handed) publication.resolve();
  }

  /** Sends the next message that waits; `false` if there is none, or it may not go yet. */
  #publishNext(handed: Publication[]): boolean {
    const publication = this.session.hasRoom ? this.queue.take() : undefined;
    if (!publication) return false;
    const fault = this.#faultFor(publication);
    if (fault) {
      publication.reject(fault);
      this.#keeper?.gone(publication);
      return true;
    }
    this.session.publish(publication);
    this.counts.sent++;
    if (publication.qos === 0) handed.push(publication);
    return true;
  }

  /** Why this broker does not take a message, if it has said so. */
  #faultFor(publication: Publication): MoteqError | undefined {
    const { maximumQoS = 2, retainAvailable = true, maximumPacketSize } = this.server;
    const { qos, retain, topic, payload } = publication;
    const what = `the broker cannot take the message to ${show(topic)}`;
    if (qos > maximumQoS) return this.#options.explain("mqtt/message-refused", what, 0x9b);
    if (retain && !retainAvailable) return this.#options.explain("mqtt/message-refused", what, 0x9a);
    // Only what may be too long is measured.
    if (!maximumPacketSize || (topic.length + payload.length) * 3 + 1000 < maximumPacketSize)
      return undefined;
    if (encodePacket(publication, 5).length <= maximumPacketSize) return undefined;
    const message = `the broker takes at most ${maximumPacketSize} bytes in a packet, and this message needs more`;
    return mqttErrors.create("mqtt/too-long", message);
  }
}

const endOfTurn = Promise.resolve();
