import { Deferred } from "./deferred.ts";
import type { QoS } from "./packets.ts";

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
  /** Whether it goes out again on a later connection of the same session (MQTT 3.1.1, 3.3.1.1). */
  duplicate = false;
  /** 0 until it is in flight. */
  packetId = 0;
  /** At QoS 2: PUBREC has come, PUBREL is due. */
  released = false;
  /** Whether it went out on the present connection. */
  sent = false;

  constructor(topic: string, payload: string | Uint8Array, qos: QoS, retain: boolean) {
    super();
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
  }
}
