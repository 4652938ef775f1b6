import type { AbortSignalLike } from "../base/index.ts";
import type { QoS } from "../topics/index.ts";
import type { Handover } from "./handover.ts";
import type { DeliveryOptions } from "./packets.ts";
import type { MessageProperties } from "./properties.ts";

/** How a message is published. */
export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS;
  /** Whether the broker keeps it for later subscribers. Default `false`. */
  readonly retain?: boolean;
  /** MQTT 5: what goes with it; those of a message that came may be given as they are. In MQTT 3.1.1 they are left out. */
  readonly properties?: MessageProperties;
  /**
   * At QoS 2: where its progress is noted, so that the broker takes it once over a restart of the process too. What was noted in
   * an earlier life is taken up if it is published before `start`; later it goes out anew. Needs `clean: false`.
   */
  readonly handover?: Handover;
  /** Ends the waiting; a message that is in flight already may arrive all the same. */
  readonly signal?: AbortSignalLike;
}

/** A message that was accepted. */
export interface AcceptedMessage {
  /** Settles as what `publish` returns does. */
  readonly delivered: Promise<void>;
}

/** How a filter is subscribed to. */
export interface SubscribeOptions extends DeliveryOptions {
  /** The greatest QoS with which messages are to come. Default 0. */
  readonly qos?: QoS;
  /** Ends the waiting; the broker is told to forget the filter if it may have heard of it. */
  readonly signal?: AbortSignalLike;
}
