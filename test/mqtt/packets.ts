import * as fc from "fast-check";
import type { Packet, QoS } from "../../src/mqtt/index.ts";

export const qos = fc.constantFrom<QoS[]>(0, 1, 2);
const packetId = fc.integer({ min: 1, max: 65_535 });
export const bytes = fc.uint8Array({ maxLength: 300 });
/** Any text without a NUL, well-formed. */
export const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("a", "/", "ä", "€", "😀", " "),
      fc.string({ unit: "binary", maxLength: 1 }),
    ),
    maxLength: 40,
  })
  .map((value) => value.replaceAll("\0", ""));
export const topic = text.map((value) => value.replaceAll(/[+#]/g, "")).filter((value) => value !== "");
export const filter = topic.chain((name) => fc.constantFrom(name, `${name}/#`, `+/${name}`, "#"));

/** Any packet of MQTT 3.1.1 that may be sent. */
export const anyPacket: fc.Arbitrary<Packet> = fc.oneof(
  fc
    .record(
      {
        clientId: text,
        clean: fc.boolean(),
        keepaliveSeconds: fc.integer({ min: 0, max: 65_535 }),
        login: fc.record({ username: text, password: bytes }, { requiredKeys: ["username"] }),
        will: fc.record({ topic, payload: bytes, qos, retain: fc.boolean() }),
      },
      { requiredKeys: ["clientId", "clean", "keepaliveSeconds"] },
    )
    .map(({ login, ...rest }): Packet => Object.assign({ type: "connect" as const }, rest, login)),
  fc.record({
    type: fc.constant("connack" as const),
    sessionPresent: fc.boolean(),
    reasonCode: fc.integer({ min: 0, max: 5 }),
  }),
  fc
    .record({ topic, payload: bytes, qos, retain: fc.boolean(), duplicate: fc.boolean(), packetId })
    .map(({ topic: name, payload, qos: level, retain, duplicate, packetId: id }): Packet => ({
      type: "publish",
      topic: name,
      payload,
      qos: level,
      retain,
      duplicate: level > 0 && duplicate,
      packetId: level > 0 ? id : 0,
    })),
  fc.record({
    type: fc.constantFrom(
      "puback" as const,
      "pubrec" as const,
      "pubrel" as const,
      "pubcomp" as const,
      "unsuback" as const,
    ),
    packetId,
  }),
  fc.record({
    type: fc.constant("subscribe" as const),
    packetId,
    subscriptions: fc.array(fc.record({ filter, qos }), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant("suback" as const),
    packetId,
    reasonCodes: fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant("unsubscribe" as const),
    packetId,
    filters: fc.array(filter, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: fc.constantFrom("pingreq" as const, "pingresp" as const, "disconnect" as const) }),
);
