/**
 * Keeps how far one message at QoS 2 has come, beside what it comes from, in one store and so in step with it: the broker takes it
 * once over `kill -9` too, as long as the broker keeps the session (MQTT 3.1.1, 4.3.3 and 4.4). For whoever keeps messages
 * already; others give the client a store.
 */
export interface Handover {
  /** What was noted last in an earlier life; 0 if nothing was. */
  readonly packetId: number;
  readonly released: boolean;
  /**
   * The message is about to go on: as PUBLISH under its id, or, `released`, as PUBREL. It does when `safe` is called, which is when
   * this would survive. May be called again before that: what was noted last counts.
   */
  note(packetId: number, released: boolean, safe: () => void): void;
}
