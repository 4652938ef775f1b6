import type { BytePort, MoteqError } from "../base/index.ts";
import { Connection } from "./connection.ts";
import { ConnectionLoop } from "./connection-loop.ts";
import { Deferred } from "./deferred.ts";
import type { Dispatch } from "./dispatch.ts";
import { describeRefusal, mqttErrors } from "./errors.ts";
import { Intake } from "./intake.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ConnackPacket, Packet } from "./packets.ts";
import type { Publication } from "./publication.ts";
import { PublishQueue } from "./publish-queue.ts";
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
  readonly #options: ResolvedOptions;
  readonly #statuses: StatusFeed;
  readonly #loop: ConnectionLoop;
  #connection: Connection | undefined;
  #connected = false;
  #turnIsDue = false;
  /** New messages go out while no more than so many are in flight. */
  #resumeAt = promptly;

  constructor(options: ResolvedOptions, dispatch: Dispatch, statuses: StatusFeed) {
    this.#options = options;
    this.#statuses = statuses;
    this.intake = new Intake(options.incomingLimit, dispatch, {
      settle: (delivery) => {
        this.session.settle(delivery);
        this.#scheduleTurn();
      },
      hold: (held) => this.#connection?.hold(held),
    });
    this.session = new Session(
      {
        send: (packet) => this.#connection?.send(packet),
        deliver: (packet, delivery) => this.intake.deliver(packet, delivery),
        subscriptionLost: (filter) => statuses.push({ type: "subscription-lost", filter }),
      },
      options,
    );
    this.queue = new PublishQueue(options.offlineLimit, options.offlinePolicy);
    this.#loop = new ConnectionLoop(options, {
      onAttempt: (attempt) => statuses.push({ type: "connecting", attempt }),
      serve: (port) => this.#serve(port),
      onRetry: (error, retryInMs) =>
        statuses.push({ type: "disconnected", ...(error ? { error } : {}), retryInMs }),
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Connects, again and again, until `close`; resolves when the last connection is over. */
  run(): Promise<void> {
    return this.#loop.run();
  }

  /** Takes a message to be sent; its promise tells what becomes of it. */
  publish(publication: Publication): void {
    // A burst goes out as far as the connection takes it before anything has to be dropped.
    if (this.queue.isFull(this.session.inflight)) this.#turn();
    this.queue.push(publication, this.session.inflight);
    this.#scheduleTurn();
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
    if (this.#connected) {
      this.#turn();
      this.#connection?.send({ type: "disconnect" });
      this.#connection?.close();
    } else this.#connection?.fail(error);
    this.#connected = false;
    this.#loop.stop(error);
    this.session.end(error);
    this.queue.end(error);
    this.ready.reject(error);
  }

  /** Uses a port until it is closed. */
  async #serve(port: BytePort): Promise<{ accepted: boolean; error: MoteqError | undefined }> {
    const connection = new Connection(port, this.#options, {
      awaited: () => this.session.awaited,
      awaitedRequests: () => this.session.awaitedRequests,
      receive: (packet) => this.#receive(packet, connection),
      onTurn: () => this.#scheduleTurn(),
    });
    this.#connection = connection;
    connection.send(this.#options.connect);
    connection.flush();
    const { error, orderly } = await connection.ended.promise;
    const accepted = this.#connected;
    this.#connection = undefined;
    this.#connected = false;
    if (accepted) this.session.disconnect(orderly);
    return { accepted, error };
  }

  #receive(packet: Packet, connection: Connection): string | undefined {
    if (this.#connected) return this.session.receive(packet);
    if (packet.type === "connack") this.#receiveConnack(packet, connection);
    else return `sent ${packet.type.toUpperCase()} before CONNACK`;
    return undefined;
  }

  #receiveConnack({ returnCode, ...packet }: ConnackPacket, connection: Connection): void {
    if (returnCode !== 0) {
      const detail = { returnCode };
      connection.fail(mqttErrors.create("mqtt/refused", describeRefusal(returnCode), { detail }));
      return;
    }
    const sessionPresent = packet.sessionPresent && !this.#options.connect.clean;
    this.#connected = true;
    this.counts.connections++;
    this.intake.connect();
    this.session.connect(sessionPresent);
    connection.accepted();
    this.#statuses.push({ type: "connected", sessionPresent });
    this.ready.resolve();
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
    if (!connection || !this.#connected) return;
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
    this.session.publish(publication);
    this.counts.sent++;
    if (publication.qos === 0) handed.push(publication);
    return true;
  }
}

const endOfTurn = Promise.resolve();
