import type { Handover } from "../mqtt/index.ts";
import type { QoS } from "../topics/index.ts";

export type { QoS };

/**
 * What the gateway needs of an MQTT client. `MqttClient` fits; so does anything that keeps these promises: it
 * reconnects by itself, keeps the order of what it was given, and subscribes anew after a reconnection.
 */
export interface BrokerLink {
  /** Whether the broker has accepted the connection and it stands. */
  readonly connected: boolean;
  /**
   * Settles when the message is in the broker's hands (QoS 1 and 2) or sent (QoS 0), however long that takes. At QoS 2 it notes in
   * `handover` how far it has come, so that the broker takes it once; one that cannot do that may bring it twice.
   */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: { qos?: QoS; retain?: boolean; handover?: Handover },
  ): Promise<void>;
  /**
   * Settles when the broker has said yes, rejects when it has said no. Subscribing again to the same filter asks the
   * broker again, so that retained messages come again. Messages are not for `handler`: `Gateway.receive` gets them.
   */
  subscribe(filter: string, options: { qos?: QoS }, handler: () => void): Promise<LinkSubscription>;
  /** Ends a subscription that was made in an earlier life. Not needed where the broker keeps no session. */
  unsubscribe?(filter: string): Promise<void>;
}

/** One of perhaps several subscriptions to a filter. */
export interface LinkSubscription {
  /** Ends this one; the broker hears of it when it was the last for its filter. */
  unsubscribe(): Promise<void>;
}

/** A message from the broker. */
export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Whether the broker had kept it for new subscribers, and did not just get it (3.1.1, 3.3.1.3). */
  readonly retain: boolean;
  /** MQTT 5: for how many seconds it is worth delivering, 0 or more (3.3.2.3.3). Default: always. */
  readonly properties?: { readonly messageExpiryInterval?: number } | undefined;
}
