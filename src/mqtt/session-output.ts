import type { Delivery } from "./incoming.ts";
import type { OutgoingPacket, PublishPacket } from "./packets.ts";
import type { Publication } from "./publication.ts";

/** What has to be known after a restart, as it changes; see {@link Keeper}. */
export interface SessionRecord {
  sent(publication: Publication): void;
  released(publication: Publication): void;
  gone(publication: Publication): void;
  received(packetId: number): void;
  forgotten(packetId: number): void;
}

/** What a session asks of its surroundings. */
export interface SessionOutput {
  /** Send this packet on the present connection. */
  send(packet: OutgoingPacket): void;
  /** Give this message to its handlers; then, unless it is at QoS 0, call {@link Session.settle} with the delivery. */
  deliver(packet: PublishPacket, delivery: Delivery | undefined): void;
  /** The broker had forgotten this subscription and refuses to grant it again. */
  subscriptionLost(filter: string): void;
  /** Note where a message stands that has a {@link Handover}; then call {@link Session.noted}. */
  note(publication: Publication): void;
  /** For a session that outlives the client. What is sent must not leave before what was noted ahead of it is safe. */
  readonly record?: SessionRecord | undefined;
}
