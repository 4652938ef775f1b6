import type { QoS } from "../topics/index.ts";
import type { PropertiesOf } from "./properties.ts";

/** The protocol levels of MQTT 3.1.1 and of MQTT 5. */
export type MqttVersion = 4 | 5;

/** What the broker publishes in a client's name when that goes without a goodbye. */
export interface WillMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** MQTT 5 only. */
  readonly properties?: PropertiesOf["will"] | undefined;
}

/** How messages of one filter are to come, beyond their QoS: MQTT 5 only (3.8.3.1). */
export interface DeliveryOptions {
  /** What this client publishes itself does not come back to it. Default `false`. */
  readonly noLocal?: boolean;
  /** `retain` is as the publisher set it, not only on what the broker had kept. Default `false`. */
  readonly retainAsPublished?: boolean;
  /** Retained messages come at each SUBSCRIBE (0), only with a new subscription (1), or never (2). Default 0. */
  readonly retainHandling?: 0 | 1 | 2;
}

/** One filter of a SUBSCRIBE packet. */
export interface SubscriptionRequest extends DeliveryOptions {
  readonly filter: string;
  readonly qos: QoS;
}

/** MQTT 5, 3.1. */
export interface ConnectPacket {
  readonly type: "connect";
  /** Default 4. */
  readonly version?: MqttVersion;
  readonly clientId: string;
  /** Whether a new session begins: Clean Session in MQTT 3.1.1, Clean Start in MQTT 5. */
  readonly clean: boolean;
  /** 0 … 65,535 seconds; 0 for none. */
  readonly keepaliveSeconds: number;
  readonly username?: string | undefined;
  readonly password?: Uint8Array | undefined;
  readonly will?: WillMessage | undefined;
  readonly properties?: PropertiesOf["connect"];
}

/** MQTT 5, 3.2. */
export interface ConnackPacket {
  readonly type: "connack";
  readonly sessionPresent: boolean;
  /** 0 for accepted. The codes of MQTT 3.1.1 (its return codes) are others than those of MQTT 5. */
  readonly reasonCode: number;
  readonly properties?: PropertiesOf["connack"];
}

/** MQTT 5, 3.3. */
export interface PublishPacket {
  readonly type: "publish";
  /** When received with a topic alias, the topic that stands for. */
  readonly topic: string;
  /** When received, a view of the bytes that came in. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly duplicate: boolean;
  /** 1 … 65,535 at QoS 1 and 2, 0 at QoS 0. */
  readonly packetId: number;
  readonly properties?: PropertiesOf["publish"] | undefined;
  /** Only when received: it was longer than the reader takes, so many bytes, and its payload was left out. */
  readonly leftOut?: number;
}

/** The answers of the QoS 1 and 2 handshakes (MQTT 5, 3.4 to 3.7). */
export interface AcknowledgementPacket {
  readonly type: "puback" | "pubrec" | "pubrel" | "pubcomp";
  readonly packetId: number;
  /** MQTT 5 only; absent for success without properties. */
  readonly reasonCode?: number;
  readonly properties?: PropertiesOf["puback"];
}

/** MQTT 5, 3.8. */
export interface SubscribePacket {
  readonly type: "subscribe";
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties?: PropertiesOf["subscribe"];
}

/** MQTT 5, 3.9. */
export interface SubackPacket {
  readonly type: "suback";
  readonly packetId: number;
  /** For each filter the QoS granted, or 0x80 and above for refused. */
  readonly reasonCodes: readonly number[];
  readonly properties?: PropertiesOf["suback"];
}

/** MQTT 5, 3.10. */
export interface UnsubscribePacket {
  readonly type: "unsubscribe";
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties?: PropertiesOf["unsubscribe"];
}

/** MQTT 5, 3.11. */
export interface UnsubackPacket {
  readonly type: "unsuback";
  readonly packetId: number;
  /** MQTT 5 only: one for each filter. */
  readonly reasonCodes?: readonly number[];
  readonly properties?: PropertiesOf["unsuback"];
}

/** MQTT 5, 3.14. */
export interface DisconnectPacket {
  readonly type: "disconnect";
  /** MQTT 5 only; absent for a normal end without properties. */
  readonly reasonCode?: number;
  readonly properties?: PropertiesOf["disconnect"];
}

/** MQTT 5, 3.15. */
export interface AuthPacket {
  readonly type: "auth";
  /** Absent for success without properties. */
  readonly reasonCode?: number;
  readonly properties?: PropertiesOf["auth"];
}

/** The packets that are nothing but their name (MQTT 5, 3.12 and 3.13). */
export interface PlainPacket {
  readonly type: "pingreq" | "pingresp";
}

/** Every packet of MQTT 3.1.1 and MQTT 5. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | DisconnectPacket
  | AuthPacket
  | PlainPacket;

/** A packet to be written: a payload may still be text, so that it is turned into bytes where it is written. */
export type OutgoingPacket =
  | Packet
  | (Omit<PublishPacket, "payload"> & { readonly payload: string | Uint8Array });

/** The code of each type, the upper half of a packet's first byte (MQTT 5, 2.1.2). */
export const packetCodes = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** The greatest remaining length that a packet's header can say (MQTT 5, 1.5.5). */
export const longestRemaining = 268_435_455;

/** The reason codes from here on mean no (MQTT 5, 2.4); in MQTT 3.1.1 the one return code of SUBACK that does. */
export const firstFailure = 0x80;
