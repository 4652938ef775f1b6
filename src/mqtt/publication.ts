import type { QoS } from "../topics/index.ts";
import { Deferred } from "./deferred.ts";
import type { PropertiesOf } from "./properties.ts";

/**
 * A message on its way to the broker: the packet that carries it, and the promise of whoever waits for it, in one
 * object since there is one for each message. The promise may be settled, given up, while the message is in flight.
 */
export class Publication extends Deferred<void> {
  readonly type = "publish";
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: PropertiesOf["publish"] | undefined;
  /** Whether it goes out again on a later connection of the same session (MQTT 5, 3.3.1.1). */
  duplicate = false;
  /** 0 until it is in flight. */
  packetId = 0;
  /** At QoS 2: PUBREC has come, PUBREL is due. */
  released = false;
  /** Grows with each message that is sent for the first time. */
  order = 0;
  /** Whether it went out on the present connection. */
  sent = false;
  /** Under which the store has it; 0 if it has not. */
  sequence = 0;
  /** To be called when it is accepted: it has its place in the queue, and the store, if there is one, has it. */
  accepted: ((publication: Publication) => void) | undefined = undefined;

  constructor(
    topic: string,
    payload: string | Uint8Array,
    qos: QoS,
    retain: boolean,
    properties?: PropertiesOf["publish"],
  ) {
    super();
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.properties = properties;
  }
}
