/** What a client has done so far and holds now. */
export interface MqttClientStats {
  /** Connections that the broker accepted. */
  readonly connections: number;
  /** Messages sent for the first time. */
  readonly sent: number;
  /** Messages received, whether anybody was there to take them or not. */
  readonly received: number;
  /** Messages that were accepted and not sent yet. */
  readonly queued: number;
  /** Messages at QoS 1 and 2 that were sent and not acknowledged yet. */
  readonly inflight: number;
  /** Messages received that no handler, or nobody's loop, has taken yet. */
  readonly unsettled: number;
  /** Messages that `offlinePolicy` has dropped. */
  readonly dropped: number;
  /** Received messages let go because a subscription without a handler was not read in time. */
  readonly unread: number;
  /** Received messages let go because they were longer than `maximumPacketBytes`. */
  readonly tooLong: number;
  /** Received messages of a kept session let go because nobody subscribed to them within 10 s. */
  readonly unclaimed: number;
  /** Received messages at QoS 2 that came twice and were delivered once. */
  readonly duplicates: number;
  /** Acknowledgements of what had been acknowledged before. */
  readonly unexpected: number;
  /** Times that a handler threw or rejected. */
  readonly handlerFailures: number;
}
