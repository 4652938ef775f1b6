import type { ReasonOf } from "./errors.ts";
import type { Delivery } from "./incoming.ts";
import type { OutgoingPacket, PublishPacket } from "./packets.ts";
import type { Publication } from "./publication.ts";

/** Limits of a {@link Session}. */
export interface SessionOptions {
  /** How many messages at QoS 1 and 2 are on their way at once, 1 … 60,000. */
  readonly inflightLimit: number;
  /** How often in a row the broker may close the connection on one message before that is given up, 1 or more. */
  readonly refusalLimit: number;
  /** The first packet id, 1 … 65,535. Default 1. */
  readonly firstPacketId?: number;
  /** How many messages at QoS 1 and 2 the broker may have unacknowledged (MQTT 5, 3.3.4). Default: any number. */
  readonly receiveMaximum?: number | undefined;
  /** Names reason codes in errors. */
  readonly reasonOf?: ReasonOf;
}

/** What has to be known after a restart, as it changes; see {@link Keeper}. */
export interface SessionRecord {
  sent(publication: Publication): void;
  released(publication: Publication): void;
  gone(publication: Publication): void;
  /** @param mark see {@link markOf} */
  received(mark: number): void;
  forgotten(mark: number): void;
  /** What is in flight is from now on between this client and the broker at the end of that way. */
  moved(way: number): void;
}

/** What a session asks of its surroundings. */
export interface SessionOutput {
  /** Send this packet on the present connection. */
  send(packet: OutgoingPacket): void;
  /** Give this message to its handlers; then, unless it is at QoS 0, call {@link Session.settle} with the delivery. */
  deliver(packet: PublishPacket, delivery: Delivery | undefined): void;
  /** The broker had forgotten this subscription and refuses to grant it again. */
  subscriptionLost(filter: string): void;
  /** Ask the broker for a PINGRESP. */
  probe(): void;
  /** Note where a message stands that has a {@link Handover}; then call {@link Session.noted}. */
  note(publication: Publication): void;
}
