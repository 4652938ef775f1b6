import type { QoS } from "../topics/index.ts";
import type { PropertiesOf } from "./properties.ts";

/** A message from the broker. */
export interface Message {
  readonly topic: string;
  /** Its bytes: a view of what came in. Copy it to keep a small part of much for long. */
  readonly payload: Uint8Array;
  /** The QoS it was carried with, at most the one subscribed with. */
  readonly qos: QoS;
  /** Whether the broker had kept it for new subscribers (MQTT 3.1.1, 3.3.1.3). */
  readonly retain: boolean;
  /** Whether the broker had sent it before, on a connection that was lost (MQTT 3.1.1, 3.3.1.1). */
  readonly duplicate: boolean;
  /** MQTT 5: what came with it, if anything did. */
  readonly properties?: Omit<PropertiesOf["publish"], "topicAlias">;
}

/** Takes a message. At QoS 1 and 2 it is acknowledged when what this returns has settled. */
export type MessageHandler = (message: Message) => void | Promise<void>;
