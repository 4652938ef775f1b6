/** How surely a message is carried: at most once, at least once, exactly once (MQTT 3.1.1, 4.3). */
export type QoS = 0 | 1 | 2;

/** What the broker publishes in a client's name when that goes without a goodbye. */
export interface WillMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
}

/** One filter of a SUBSCRIBE packet. */
export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: QoS;
}

/** MQTT 3.1.1, 3.1. */
export interface ConnectPacket {
  readonly type: "connect";
  readonly clientId: string;
  readonly clean: boolean;
  /** 0 … 65,535 seconds; 0 for none. */
  readonly keepaliveSeconds: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly will?: WillMessage;
}

/** MQTT 3.1.1, 3.2. */
export interface ConnackPacket {
  readonly type: "connack";
  readonly sessionPresent: boolean;
  /** 0 for accepted. */
  readonly returnCode: number;
}

/** MQTT 3.1.1, 3.3. */
export interface PublishPacket {
  readonly type: "publish";
  readonly topic: string;
  /** When received, a view of the bytes that came in. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly duplicate: boolean;
  /** 1 … 65,535 at QoS 1 and 2, 0 at QoS 0. */
  readonly packetId: number;
}

/** The answers of the QoS 1 and 2 handshakes and to UNSUBSCRIBE (MQTT 3.1.1, 3.4 to 3.7 and 3.11). */
export interface AcknowledgementPacket {
  readonly type: "puback" | "pubrec" | "pubrel" | "pubcomp" | "unsuback";
  readonly packetId: number;
}

/** MQTT 3.1.1, 3.8. */
export interface SubscribePacket {
  readonly type: "subscribe";
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
}

/** MQTT 3.1.1, 3.9. */
export interface SubackPacket {
  readonly type: "suback";
  readonly packetId: number;
  /** For each filter the QoS granted, or 0x80 for refused. */
  readonly returnCodes: readonly number[];
}

/** MQTT 3.1.1, 3.10. */
export interface UnsubscribePacket {
  readonly type: "unsubscribe";
  readonly packetId: number;
  readonly filters: readonly string[];
}

/** The packets that are nothing but their name (MQTT 3.1.1, 3.12 to 3.14). */
export interface PlainPacket {
  readonly type: "pingreq" | "pingresp" | "disconnect";
}

/** Every packet of MQTT 3.1.1. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | PlainPacket;

/** A packet to be written: a payload may still be text, so that it is turned into bytes where it is written. */
export type OutgoingPacket =
  | Packet
  | (Omit<PublishPacket, "payload"> & { readonly payload: string | Uint8Array });

/** The code of each type, the upper half of a packet's first byte (MQTT 3.1.1, 2.2.1). */
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
} as const;

/** The greatest remaining length that a packet's header can say (MQTT 3.1.1, 2.2.3). */
export const longestRemaining = 268_435_455;

/** A filter's return code in SUBACK that means no; lower ones are the QoS granted (MQTT 3.1.1, 3.9.3). */
export const subscriptionRefused = 0x80;
