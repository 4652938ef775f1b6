import type { QoS } from "../topics/index.ts";

export type { QoS };

/** A message as it comes from the broker. */
export interface LinkMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

/** What flows need of an MQTT client; `MqttClient` fits. */
export interface MessageLink {
  /** Settles when the message is in the broker's hands (QoS 1 and 2) or sent (QoS 0), however long that takes. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: { qos?: QoS; retain?: boolean },
  ): Promise<void>;
  /** Settles when the broker has answered; messages go to the handler from then on, over all reconnections. */
  subscribe(
    filter: string,
    options: { qos?: QoS },
    handler: (message: LinkMessage) => void,
  ): Promise<{ unsubscribe(): Promise<void> }>;
}
