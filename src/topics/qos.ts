/** How surely a message is carried: at most once, at least once, exactly once (MQTT 3.1.1, 4.3). */
export type QoS = 0 | 1 | 2;
