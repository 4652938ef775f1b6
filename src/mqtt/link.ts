import type { BytePort, MoteqError } from "../base/index.ts";
import { Connection, type ConnectionEnd, type ConnectionOwner, notConnected } from "./connection.ts";
import { ConnectionLoop, type ConnectionLoopOwner } from "./connection-loop.ts";
import { Deferred } from "./deferred.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Delivery } from "./incoming.ts";
import { Intake, type IntakeTies } from "./intake.ts";
import type { Keeper, KeeperTies } from "./keeper.ts";
import type { ResolvedOptions } from "./options.ts";
import type {
  ConnackPacket,
  ConnectPacket,
  MqttVersion,
  OutgoingPacket,
  Packet,
  PublishPacket,
} from "./packets.ts";
import type { PropertiesOf } from "./properties.ts";
import type { Publication } from "./publication.ts";
import { PublishQueue, type PublishQueueOwner } from "./publish-queue.ts";
import { blamesConnection, endedConnection, refusedConnection } from "./reason-codes.ts";
import type { Request } from "./requests.ts";
import { faultFor } from "./server-limits.ts";
import { Session } from "./session.ts";
import type { SessionOutput } from "./session-ties.ts";
import type { StatusFeed } from "./status.ts";

/** With so few messages in flight a new one goes out at once. */
const promptly = 32;

const nothing: PropertiesOf["connack"] = {};

/**
 * Carries one session over one connection after the other: the session says what, the link sees to when. It is itself
 * what its parts report to, since each client has one and most clients are idle.
 */
export class Link
  implements ConnectionOwner, ConnectionLoopOwner, SessionOutput, IntakeTies, PublishQueueOwner, KeeperTies
{
  readonly session: Session;
  readonly queue: PublishQueue;
  readonly intake: Intake;
  /** Connections that were accepted. */
  connections = 0;
  /** Messages that were sent for the first time. */
  sent = 0;
  /** Messages received that were longer than what is taken. */
  tooLongs = 0;
  /** What the broker said of itself when it accepted the present or latest connection (MQTT 5, 3.2.2.3). */
  server: PropertiesOf["connack"] = nothing;
  /** The client's, or the one that the broker has given it. */
  clientId: string;
  /** Whether the broker has accepted the present connection. */
  connected = false;
  readonly #options: ResolvedOptions;
  readonly #statuses: StatusFeed;
  readonly #loop: ConnectionLoop;
  readonly #keeper: Keeper | undefined;
  #connection: Connection | undefined;
  #started = false;
  #turnIsDue = false;
  /** Whether the next connection begins a new session, and whether the present one was only to do that. */
  #clean: boolean;
  #again = false;
  /** Why it was closed, once it was. */
  #closing: MoteqError | undefined;
  #ready: Deferred<void> | undefined;
  #closed: Deferred<void> | undefined;
  /** New messages go out while no more than so many are in flight. */
  #resumeAt = promptly;

  constructor(options: ResolvedOptions, dispatch: Dispatch, statuses: StatusFeed) {
    this.#options = options;
    this.#statuses = statuses;
    this.#clean = options.clean !== false;
    this.clientId = options.connect.clientId;
    this.#keeper = options.keeper?.(this);
    this.intake = new Intake(options.incomingLimit, options.clock, dispatch, this);
    this.session = new Session(this, options, this.#keeper);
    this.queue = new PublishQueue(options.offlineLimit, options.offlinePolicy, this);
    this.#loop = new ConnectionLoop(options, this);
    this.#keeper?.restore(this.session, this.queue);
  }

  /** Connects, again and again, until `close`. Without effect the second time. */
  start(): void {
    if (!this.#started) void this.#loop.start();
    this.#started = true;
  }

  /** Resolves when a connection was accepted for the first time. */
  ready(): Promise<void> {
    if (this.connections > 0) return Promise.resolve();
    this.#ready ??= new Deferred();
    if (this.#closing) this.#ready.reject(this.#closing);
    return this.#ready.promise;
  }

  get version(): MqttVersion {
    return this.#options.connect.version ?? 4;
  }

  /** Resolves when it was closed, the last connection is over and the store is closed. */
  get closed(): Promise<void> {
    return (this.#closed ??= new Deferred()).promise;
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
    this.onTurn();
  }

  /** Nobody waits for a message any more; what is in flight stays there. */
  forget(publication: Publication, reason: unknown): void {
    if (this.queue.forget(publication, reason)) this.#keeper?.gone(publication);
  }

  /** Asks the broker for a sign of life, behind all that was sent. */
  ping(): Promise<void> {
    const answer = new Deferred<void>();
    this.#turn();
    if (this.connected && this.#connection) this.#connection.ping(answer);
    else answer.reject(notConnected());
    return answer.promise;
  }

  /** Takes a request; its promise tells what becomes of it. */
  request(request: Request): void {
    this.session.request(request);
    this.onTurn();
  }

  /** Nobody waits for a request any more. */
  abandon(request: Request, reason: unknown): void {
    this.session.abandon(request, reason);
    this.onTurn();
  }

  /** Ends the connection with a goodbye, behind what it takes at once, and rejects everything that waits. */
  close(error: MoteqError): void {
    this.#turn();
    this.#closing = error;
    // What is being stored is accepted or not before all else is given up.
    if (!this.#keeper || this.#keeper.isSafe) this.#end(error);
    this.#loop.stop(error);
    this.intake.end();
    this.#ready?.reject(error);
    // It has to be wound up even if it never stood.
    this.start();
  }

  onAttempt(attempt: number): void {
    this.#statuses.push({ type: "connecting", attempt });
  }

  serve(port: BytePort): void {
    const connection = new Connection(port, this.#options, this);
    this.#connection = connection;
    this.#again = false;
    const { connect } = this.#options;
    connection.send({ ...connect, clientId: this.clientId, clean: this.#clean } satisfies ConnectPacket);
    connection.flush();
  }

  onEnd({ error, orderly, wasClosed }: ConnectionEnd): void {
    const accepted = this.connected;
    this.#connection = undefined;
    this.connected = false;
    if (accepted) this.session.disconnect(orderly, wasClosed);
    void this.#loop.next({ accepted, error, again: this.#again });
  }

  onRetry(error: MoteqError | undefined, retryInMs: number): void {
    this.#statuses.push({ type: "disconnected", error, retryInMs });
  }

  async onStop(): Promise<void> {
    await this.#keeper?.close();
    if (this.#closing) this.#end(this.#closing);
    this.#statuses.push({ type: "closed" });
    this.#statuses.end();
    (this.#closed ??= new Deferred()).resolve();
  }

  receive(packet: Packet): string | undefined {
    const connection = this.#connection as Connection;
    const { connect, reasonOf } = this.#options;
    if (packet.type === "disconnect" && connect.version === 5) {
      connection.fail(endedConnection(packet, reasonOf), !blamesConnection(packet.reasonCode));
    } else if (this.connected) return this.session.receive(packet);
    else if (packet.type === "connack") this.#receiveConnack(packet, connection);
    else return `sent ${packet.type.toUpperCase()} before CONNACK`;
    return undefined;
  }

  mayFlush(): boolean {
    return !this.connected || !this.#keeper || this.#keeper.isSafe;
  }

  /** Everything that is to be sent in one turn of the program goes out in one piece at its end. */
  onTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    void endOfTurn.then(() => this.#turn());
  }

  send(packet: OutgoingPacket): void {
    this.#connection?.send(packet);
  }

  deliver(packet: PublishPacket, delivery: Delivery | undefined): void {
    this.intake.deliver(packet, delivery);
  }

  subscriptionLost(filter: string): void {
    this.#statuses.push({ type: "subscription-lost", filter });
  }

  settle(delivery: Delivery): void {
    this.session.settle(delivery);
    this.onTurn();
  }

  tooLong(topic: string, bytes: number): void {
    this.tooLongs++;
    this.#statuses.push({ type: "message-too-long", topic, bytes });
  }

  hold(held: boolean): void {
    this.#connection?.hold(held);
  }

  accept(publication: Publication): void {
    if (this.#keeper && publication.qos > 0 && !publication.handover) this.#keeper.put(publication);
    else publication.accepted?.(publication);
  }

  probe(): void {
    this.#connection?.ping();
  }

  note(publication: Publication): void {
    const { packetId, released, handover } = publication;
    handover?.note(packetId, released, () => {
      this.session.noted(publication);
      this.onTurn();
    });
  }

  saved(): void {
    this.#connection?.flush();
    if (this.#closing) this.#end(this.#closing);
    else this.onTurn();
  }

  failed(error: MoteqError, refused: readonly Publication[]): void {
    for (const publication of refused) {
      this.session.forget(publication);
      this.queue.forget(publication, error);
      publication.reject(error);
    }
    this.#statuses.push({ type: "store-failed", error });
    this.#connection?.fail(error);
  }

  #end(error: MoteqError): void {
    this.session.end(error);
    this.queue.end(error);
    if (this.connected) {
      this.#connection?.send({ type: "disconnect" });
      this.#connection?.close();
    } else this.#connection?.fail(error);
    this.connected = false;
  }

  #receiveConnack(packet: ConnackPacket, connection: Connection): void {
    const { properties = nothing } = packet;
    const { reasonOf, incomingLimit, topicAliasMaximum, connect } = this.#options;
    if (packet.reasonCode !== 0) return connection.fail(refusedConnection(packet, reasonOf));
    const wasClean = this.#clean;
    if (this.#options.clean === "once" && this.#clean) {
      this.#clean = false;
      if (connect.version !== 5) {
        // Such a session would end with its connection: this one has only ended the one before (MQTT 3.1.1, 3.1.2.4).
        this.#again = true;
        connection.send({ type: "disconnect" });
        connection.close();
        return;
      }
    }
    this.connected = true;
    this.server = properties;
    this.clientId = properties.assignedClientIdentifier ?? this.clientId;
    this.connections++;
    // In MQTT 5 the broker keeps to the limit itself, so that reading can go on.
    this.intake.connect(connect.version === 5 ? incomingLimit + 1 : incomingLimit, packet.sessionPresent);
    const way = this.#options.sharedSessions ? 0 : this.#loop.way;
    const known = packet.sessionPresent && !wasClean;
    const sessionPresent = this.session.connect(known, properties.receiveMaximum, way);
    connection.accepted(
      Math.min(topicAliasMaximum, properties.topicAliasMaximum ?? 0),
      properties.serverKeepAlive,
    );
    this.#statuses.push({ type: "connected", sessionPresent });
    this.#ready?.resolve();
    this.#ready = undefined;
  }

  /** Sends what may be sent, in batches, for as long as the connection takes them. */
  #turn(): void {
    this.#turnIsDue = false;
    const connection = this.#connection;
    if (!this.#closing) {
      if (connection && this.connected) this.#send(connection);
      this.queue.acceptMore(this.session.inflight);
    }
    this.#keeper?.commit();
  }

  #send(connection: Connection): void {
    // With many in flight, an acknowledgement is no reason to send one more: a quarter of them together costs the
    // processor far less, and the broker has enough to do until then.
    const mayPublish = this.session.inflight <= this.#resumeAt;
    const { sent } = this;
    const handed: Publication[] = [];
    // The session's own come first; nothing new goes out before they all have.
    const isDone = fill(connection, () => this.session.sendNext());
    if (isDone && mayPublish) fill(connection, () => this.#publishNext(handed));
    // Answers go out even if nothing else may.
    connection.flush();
    if (this.sent > sent) this.#resumeAt = Math.max(promptly, this.session.inflight * 0.75);
    for (const publication of handed) publication.resolve();
  }

  /** Sends the next message that waits; `false` if there is none, or it may not go yet. */
  #publishNext(handed: Publication[]): boolean {
    const publication = this.session.hasRoom ? this.queue.take() : undefined;
    if (!publication) return false;
    const fault = faultFor(publication, this.server, this.#options.reasonOf);
    if (fault) {
      publication.reject(fault);
      this.#keeper?.gone(publication);
      return true;
    }
    this.session.publish(publication);
    this.sent++;
    if (publication.qos === 0) handed.push(publication);
    return true;
  }
}

/** Sends for as long as there is something and the connection takes it; returns whether there is no more. */
function fill(connection: Connection, sendNext: () => boolean): boolean {
  let more = true;
  while (more && connection.hasRoom) {
    more = sendNext();
    if (!connection.hasRoom) connection.flush();
  }
  return !more;
}

const endOfTurn = Promise.resolve();
