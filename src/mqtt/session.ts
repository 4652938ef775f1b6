import type { Handover } from "./handover.ts";
import { type Delivery, Incoming } from "./incoming.ts";
import { Outgoing, packetOf } from "./outgoing.ts";
import type { AcknowledgementPacket, Packet, PublishPacket } from "./packets.ts";
import type { Publication } from "./publication.ts";
import { givenUp, isRefusal, refusalOf } from "./refusals.ts";
import { type Request, Requests } from "./requests.ts";
import { SendWindow } from "./send-window.ts";
import type { SessionOptions, SessionOutput, SessionRecord } from "./session-ties.ts";

/** What is wrong with a message beyond the receive maximum. */
export const tooManyMessages = "sent more messages than it may have unacknowledged";

/**
 * The state that a client shares with the broker across connections (MQTT 3.1.1, 4.1), and the rules of what to send
 * when. It knows neither time nor connections: it is told of them, and what it wants done it says to its output.
 */
export class Session {
  /** Answers to something that is done already. */
  unexpected = 0;
  /** Messages at QoS 2 that came twice. */
  duplicates = 0;
  readonly #output: SessionOutput;
  readonly #options: SessionOptions;
  readonly #record: SessionRecord | undefined;
  readonly #outgoing = new Outgoing();
  readonly #incoming: Incoming;
  readonly #requests = new Requests();
  #connected = false;
  /** Whether there has been a connection: what belongs to an earlier life has its place before. */
  #begun = false;
  /** Until everything about subscriptions is answered nothing is published: no own message may get past them. */
  #open = false;
  readonly #window: SendWindow;
  #lastId: number;
  /** The highest id ever used: an answer to a higher one answers nothing. */
  #highestId = 0;
  /** What was the first in line when the last connection ended: it goes alone, in case that it is why. */
  #suspect: Publication | Request | undefined;
  /** Whether the broker closed the last connection, so that it has to show, by PINGRESP, that this one stands without the suspect. */
  #isWary = false;
  #proof: "unasked" | "asked" | "given" = "given";
  /** By which way the broker is reached that shares this state. */
  #way: number | undefined;
  #refusals = 0;

  /**
   * @param record for a session that outlives the client: what is sent must not leave before what was noted ahead of it
   * is safe
   */
  constructor(output: SessionOutput, options: SessionOptions, record?: SessionRecord) {
    this.#output = output;
    this.#options = options;
    this.#record = record;
    this.#window = new SendWindow(options.inflightLimit);
    this.#lastId = (options.firstPacketId ?? 1) - 1;
    this.#highestId = this.#lastId;
    this.#incoming = new Incoming(output, record);
  }

  /** How many answers of the broker are awaited. */
  get awaited(): number {
    return this.#outgoing.size + this.#requests.outstanding;
  }

  /** How many SUBSCRIBE and UNSUBSCRIBE are unanswered. */
  get awaitedRequests(): number {
    return this.#requests.outstanding;
  }

  /** How many messages at QoS 1 and 2 are on their way. */
  get inflight(): number {
    return this.#outgoing.size;
  }

  /** Whether `publish` may be called: what has to go before is out, and the window has room. */
  get hasRoom(): boolean {
    return (
      this.#open &&
      this.#suspect === undefined &&
      !this.#outgoing.hasResends &&
      this.#outgoing.size < this.#window.size
    );
  }

  /** The messages in flight, oldest first. */
  publications(): Publication[] {
    return this.#outgoing.values();
  }

  /** The requests that are not answered, in order. */
  requests(): Request[] {
    return this.#requests.values();
  }

  /** Takes up the session of an earlier life. Before the first connection. */
  restore(publications: readonly Publication[], received: readonly number[], way?: number): void {
    this.#way = way;
    for (const publication of publications) {
      // Its id was free again when it got it: the one before was done, and that had not been written yet.
      const done = this.#outgoing.get(publication.packetId);
      if (done) this.#finish(done);
      this.#outgoing.add(publication);
    }
    this.#incoming.restore(received);
    // What was answered already is not known any more.
    this.#highestId = 65_535;
  }

  /**
   * Takes up a message of an earlier life under its id; `false` if it is too late for that, since the broker may have been told
   * something else under that id.
   */
  resume(publication: Publication, { packetId, released }: Handover): boolean {
    if (this.#begun || packetId === 0 || this.#outgoing.get(packetId)) return false;
    this.restore([Object.assign(publication, { packetId, released })], [], this.#way);
    return true;
  }

  /**
   * A connection was accepted (CONNACK). Call `sendNext` for as long as it does something.
   *
   * @param window how many messages at QoS 1 and 2 the broker takes at once (MQTT 5, 3.2.2.3.3)
   * @param way to which of several brokers. A session that another one kept is not the one that is shared with the last
   * @returns whether the session goes on
   */
  connect(sessionPresent: boolean, window = 65_535, way = 0): boolean {
    this.#connected = true;
    this.#begun = true;
    this.#open = false;
    this.#window.open(Math.min(window, this.#options.inflightLimit));
    this.#proof = this.#isWary ? "unasked" : "given";
    this.#incoming.connect(sessionPresent, way);
    const goesOn = sessionPresent && (this.#way ?? way) === way;
    if ((this.#way ?? way) !== way) this.#renumber();
    if (this.#way !== way) this.#record?.moved(way);
    this.#way = way;
    this.#resume(goesOn);
    return goesOn;
  }

  #resume(sessionPresent: boolean): void {
    if (!sessionPresent) {
      for (const publication of this.#outgoing.values()) {
        if (publication.released) this.#record?.sent(publication);
      }
    }
    this.#outgoing.connect(sessionPresent);
    for (const publication of sessionPresent ? [] : this.#outgoing.values()) {
      if (publication.handover) this.#note(publication);
    }
    this.#requests.connect(sessionPresent);
    if (this.#suspect?.type !== "publish" && this.#suspect?.settled) this.#suspect = undefined;
  }

  /**
   * The connection ended.
   *
   * @param orderly whether the broker closed it, other than by a fault of the network
   * @param wasClosed whether it may have done so: it was not given up on this side
   */
  disconnect(orderly: boolean, wasClosed = orderly): void {
    this.#connected = false;
    this.#open = false;
    this.#incoming.disconnect();
    // It may have been too much at once: mosquitto for one closes then, and would get all of it again.
    if (wasClosed && this.#outgoing.sent > 1) this.#window.closed(this.#outgoing.sent);
    // A broker that closes anyhow, since it is being restarted, says nothing about what was sent last.
    this.#isWary = orderly;
    // What is restored goes first, and is never given up.
    const first =
      this.#requests.outstanding > 0 ? this.#requests.firstUnanswered() : this.#outgoing.firstUnanswered();
    if (!first) return;
    if (first !== this.#suspect) {
      this.#suspect = first;
      this.#refusals = 0;
    }
    if (orderly && this.#proof === "given" && ++this.#refusals >= this.#options.refusalLimit)
      this.#giveUp(first);
  }

  /** Sends the next of what has to go out again or does not go through `publish`; `false` if there is nothing. */
  sendNext(): boolean {
    if (!this.#connected || this.#suspect?.sent) return false;
    if (this.#suspect && this.#proof !== "given") {
      if (this.#proof === "unasked") this.#output.probe();
      this.#proof = "asked";
      return false;
    }
    const request = this.#requests.take();
    if (request) {
      const packetId = this.#nextId();
      this.#requests.sent(packetId, request);
      this.#output.send(request.toPacket(packetId));
      return true;
    }
    this.#open ||= this.#requests.isIdle;
    if (!this.#open) return false;
    // A window that has become smaller takes them one after the other.
    if (this.#outgoing.sent >= this.#window.size) return false;
    const publication = this.#outgoing.takeResend();
    if (!publication) return false;
    this.#output.send(packetOf(publication));
    return true;
  }

  /** Sends a new message. Only while there is room. At QoS 0 that is all; otherwise its promise is settled later. */
  publish(publication: Publication): void {
    if (publication.qos > 0) {
      publication.packetId = this.#nextId();
      this.#outgoing.add(publication);
      this.#record?.sent(publication);
      if (publication.handover) {
        this.#outgoing.hold(publication);
        return this.#note(publication);
      }
    }
    this.#output.send(publication);
  }

  /** What was noted of a message is safe: what follows from that goes out, now or with `sendNext`. */
  noted(publication: Publication): void {
    const isInFlight = this.#outgoing.get(publication.packetId) === publication;
    if (--publication.unsafeNotes > 0 || !isInFlight || !this.#connected) return;
    if (publication.sent) this.#output.send(packetOf(publication));
    else this.#outgoing.resend(publication);
  }

  /** A message with a {@link Handover} does not go on before it is noted how far it has come. */
  #note(publication: Publication): void {
    publication.unsafeNotes++;
    this.#output.note(publication);
  }

  /** Takes a request; `sendNext` sends it. Its promise is settled by the broker's answer. */
  request(request: Request): void {
    this.#requests.add(request);
  }

  /** Nobody waits for a request any more; its promise is rejected with the reason. */
  abandon(request: Request, reason: unknown): void {
    request.reject(reason);
    if (!request.sent) this.#clear(request);
  }

  /** The handlers of a delivery have taken it. */
  settle(delivery: Delivery): void {
    this.#incoming.settle(delivery);
  }

  /** Takes a packet of the broker's; returns what is wrong with it, if it must not be. */
  receive(packet: Packet): string | undefined {
    switch (packet.type) {
      case "publish":
        return this.#receiveMessage(packet);
      case "puback":
        return this.#complete(packet, (publication) => publication.qos === 1);
      case "pubrec":
        return this.#release(packet);
      case "pubcomp":
        return this.#complete(packet, (publication) => publication.released);
      case "pubrel":
        this.#incoming.release(packet.packetId);
        return undefined;
      case "suback":
        return this.#answer(packet.type, packet.packetId, packet.reasonCodes);
      case "unsuback":
        return this.#answer(packet.type, packet.packetId, packet.reasonCodes ?? []);
      case "pingresp":
        if (this.#proof === "asked") this.#proof = "given";
        return undefined;
      default:
        return `sent ${packet.type.toUpperCase()}, which is not the broker's to send now`;
    }
  }

  /** Rejects everything that waits. */
  end(error: Error): void {
    this.#connected = false;
    this.#open = false;
    for (const publication of this.#outgoing.values()) publication.reject(error);
    for (const request of this.#requests.values()) request.reject(error);
  }

  #receiveMessage(packet: PublishPacket): string | undefined {
    const { receiveMaximum = Infinity } = this.#options;
    if (packet.qos > 0 && this.#incoming.unacknowledged >= receiveMaximum) return tooManyMessages;
    const delivery = packet.qos === 0 ? undefined : this.#incoming.receive(packet);
    if (delivery || packet.qos === 0) this.#output.deliver(packet, delivery);
    else this.duplicates++;
    return undefined;
  }

  /** Takes a PUBACK or PUBCOMP. */
  #complete(packet: AcknowledgementPacket, fits: (publication: Publication) => boolean): string | undefined {
    const { packetId, type } = packet;
    const publication = this.#outgoing.get(packetId);
    if (!publication) return this.#unexpected(packetId);
    if (!fits(publication)) return wronglyAnswered(packetId);
    this.#finish(publication);
    // A PUBCOMP that knows nothing of it: the broker was done before (MQTT 5, 3.7.2.1).
    if (type === "puback" && isRefusal(packet))
      publication.reject(refusalOf(publication, packet, this.#options.reasonOf));
    else publication.resolve();
    return undefined;
  }

  /** Takes a PUBREC. One of which nothing is known is answered too, so that the broker can forget it. */
  #release(packet: AcknowledgementPacket): string | undefined {
    const { packetId } = packet;
    const publication = this.#outgoing.get(packetId);
    if (publication && publication.qos !== 2) return wronglyAnswered(packetId);
    if (publication && isRefusal(packet)) {
      this.#finish(publication);
      publication.reject(refusalOf(publication, packet, this.#options.reasonOf));
      return undefined;
    }
    if (publication) {
      const isFirst = !publication.released;
      if (isFirst) this.#record?.released(publication);
      publication.released = true;
      this.#clear(publication);
      if (isFirst && publication.handover) this.#note(publication);
      if (publication.unsafeNotes > 0) return undefined;
    } else this.unexpected++;
    this.#output.send({ type: "pubrel", packetId });
    return undefined;
  }

  /** A message is in flight no more. */
  #finish(publication: Publication): void {
    this.#outgoing.delete(publication);
    this.#window.widen();
    this.#clear(publication);
    this.#record?.gone(publication);
  }

  /** A message could not be kept: it is not sent. */
  forget(publication: Publication): void {
    this.#finish(publication);
  }

  #answer(type: "suback" | "unsuback", packetId: number, reasonCodes: readonly number[]): string | undefined {
    const request = this.#requests.get(packetId);
    if (!request) return `sent ${type.toUpperCase()} for packet ${packetId}, which is no open request`;
    const expected = request.type === "subscribe" ? "suback" : "unsuback";
    // In MQTT 3.1.1 an UNSUBACK has no codes.
    const fits =
      reasonCodes.length === request.subscriptions.length ||
      (type === "unsuback" && reasonCodes.length === 0);
    if (type !== expected || !fits) return wronglyAnswered(packetId);
    this.#clear(request);
    const refused = this.#requests.answer(packetId, request, reasonCodes);
    if (request.restores) for (const filter of refused) this.#output.subscriptionLost(filter);
    return undefined;
  }

  /** An answer to what was answered before does no harm; one to what was never sent is no answer. */
  #unexpected(packetId: number): string | undefined {
    if (packetId > this.#highestId) return `acknowledged packet ${packetId}, which was never sent`;
    this.unexpected++;
    return undefined;
  }

  #clear(candidate: Publication | Request): void {
    if (candidate === this.#suspect) this.#suspect = undefined;
  }

  #giveUp(refused: Publication | Request): void {
    this.#suspect = undefined;
    if (refused.type === "publish") this.#finish(refused);
    else this.#requests.remove(refused);
    refused.reject(givenUp(refused, this.#refusals));
  }

  /** Another broker may still hold the ids of what was in flight to it before. */
  #renumber(): void {
    for (const publication of this.#outgoing.values()) {
      // None that another still has: a crash may find only the first of these noted.
      const packetId = this.#nextId();
      this.#outgoing.delete(publication);
      publication.packetId = packetId;
      publication.released = false;
      this.#outgoing.add(publication);
      this.#record?.sent(publication);
    }
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (!this.#outgoing.isFree(this.#lastId) || this.#requests.get(this.#lastId));
    this.#highestId = Math.max(this.#highestId, this.#lastId);
    return this.#lastId;
  }
}

function wronglyAnswered(packetId: number): string {
  return `acknowledged packet ${packetId} in the wrong way`;
}
