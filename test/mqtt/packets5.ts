import * as fc from "fast-check";
import type { Packet, Properties } from "../../src/mqtt/index.ts";
import { anyPacket, bytes, filter, qos, text, topic } from "./packets.ts";

/** One object of several. */
function join<Parts extends readonly object[]>(...parts: Parts): Parts[number] {
  return Object.assign({}, ...parts) as Parts[number];
}

const number = (minimum: number, maximum: number) => fc.integer({ min: minimum, max: maximum });

/** A value of each property of MQTT 5. */
const values: { readonly [Name in keyof Properties]-?: fc.Arbitrary<NonNullable<Properties[Name]>> } = {
  payloadFormatIndicator: fc.boolean(),
  messageExpiryInterval: number(0, 0xffff_ffff),
  contentType: text,
  responseTopic: topic,
  correlationData: bytes,
  subscriptionIdentifiers: fc.array(number(1, 268_435_455), { minLength: 1, maxLength: 3 }),
  sessionExpiryInterval: number(0, 0xffff_ffff),
  assignedClientIdentifier: text,
  serverKeepAlive: number(0, 65_535),
  authenticationMethod: text,
  authenticationData: bytes,
  requestProblemInformation: fc.boolean(),
  willDelayInterval: number(0, 0xffff_ffff),
  requestResponseInformation: fc.boolean(),
  responseInformation: text,
  serverReference: text,
  reasonString: text,
  receiveMaximum: number(1, 65_535),
  topicAliasMaximum: number(0, 65_535),
  topicAlias: number(1, 65_535),
  maximumQoS: number(0, 1),
  retainAvailable: fc.boolean(),
  // mqtt-packet loses an empty value, and integers would come first among its names.
  userProperties: fc
    .uniqueArray(
      fc.tuple(
        text.map((name) => `n${name}`),
        text.map((value) => `v${value}`),
      ),
      { selector: ([name]) => name, minLength: 1, maxLength: 3 },
    )
    .chain((pairs) =>
      fc.boolean().map((twice): [string, string][] => {
        const last = pairs.at(-1);
        return twice && last ? pairs.concat([[last[0], "again"]]) : pairs;
      }),
    ),
  maximumPacketSize: number(1, 0xffff_ffff),
  wildcardSubscriptionAvailable: fc.boolean(),
  subscriptionIdentifiersAvailable: fc.boolean(),
  sharedSubscriptionAvailable: fc.boolean(),
};

/** The properties that packets of each kind may have (MQTT 5, 2.2.2.2), in the order of their numbers. */
const ofPayload = [
  "payloadFormatIndicator",
  "messageExpiryInterval",
  "contentType",
  "responseTopic",
  "correlationData",
] as const;
const names = {
  will: [...ofPayload, "willDelayInterval", "userProperties"],
  connect: [
    "sessionExpiryInterval",
    "authenticationMethod",
    "authenticationData",
    "requestProblemInformation",
    "requestResponseInformation",
    "receiveMaximum",
    "topicAliasMaximum",
    "userProperties",
    "maximumPacketSize",
  ],
  connack: [
    "sessionExpiryInterval",
    "assignedClientIdentifier",
    "serverKeepAlive",
    "authenticationMethod",
    "authenticationData",
    "responseInformation",
    "serverReference",
    "reasonString",
    "receiveMaximum",
    "topicAliasMaximum",
    "maximumQoS",
    "retainAvailable",
    "userProperties",
    "maximumPacketSize",
    "wildcardSubscriptionAvailable",
    "subscriptionIdentifiersAvailable",
    "sharedSubscriptionAvailable",
  ],
  publish: [...ofPayload, "subscriptionIdentifiers", "topicAlias", "userProperties"],
  answer: ["reasonString", "userProperties"],
  subscribe: ["subscriptionIdentifiers", "userProperties"],
  unsubscribe: ["userProperties"],
  disconnect: ["sessionExpiryInterval", "serverReference", "reasonString", "userProperties"],
  auth: ["authenticationMethod", "authenticationData", "reasonString", "userProperties"],
} as const satisfies Readonly<Record<string, readonly (keyof Properties)[]>>;

/** Properties of one kind of packet, or none. */
function propertiesOf(kind: keyof typeof names): fc.Arbitrary<{ properties?: Properties }> {
  const ofOne = { subscriptionIdentifiers: values.subscriptionIdentifiers.map(([one = 1]) => [one]) };
  const any: Record<string, fc.Arbitrary<unknown>> = kind === "subscribe" ? join(values, ofOne) : values;
  const chosen = Object.fromEntries(names[kind].map((name) => [name, any[name] as fc.Arbitrary<unknown>]));
  return fc
    .record(chosen, { requiredKeys: [] })
    .map((properties) => (Object.keys(properties).length === 0 ? {} : { properties }));
}

/** The reason codes that MQTT 5 allows in the answers of handshakes, in DISCONNECT and in AUTH, other than success. */
const failure = fc.constantFrom(0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99);
const answers = { puback: failure, pubrec: failure, pubrel: fc.constant(0x92), pubcomp: fc.constant(0x92) };

/** Adds a reason code; success without properties is left out. */
const reasoned = (kind: keyof typeof names, code: fc.Arbitrary<number>) =>
  fc
    .tuple(fc.option(code, { nil: 0 }), propertiesOf(kind))
    .map(([reasonCode, more]) => (reasonCode === 0 && !more.properties ? {} : join({ reasonCode }, more)));

const subscription = fc.record(
  {
    filter,
    qos,
    noLocal: fc.constant(true),
    retainAsPublished: fc.constant(true),
    retainHandling: fc.constantFrom(1 as const, 2 as const),
  },
  { requiredKeys: ["filter", "qos"] },
);

/** Any packet of MQTT 5 that may be sent. Aliases come with their topics. */
export const anyPacket5: fc.Arbitrary<Packet> = anyPacket.chain((packet): fc.Arbitrary<Packet> => {
  const plus = <T extends object>(more: fc.Arbitrary<T>) => more.map((one) => join(packet, one) as Packet);
  switch (packet.type) {
    case "connect":
      return fc
        .tuple(propertiesOf("connect"), propertiesOf("will"))
        .map(
          ([more, ofWill]) =>
            join(
              packet,
              { version: 5 },
              more,
              packet.will ? { will: join(packet.will, ofWill) } : {},
            ) as Packet,
        );
    case "connack":
      return plus(
        fc
          .tuple(propertiesOf("connack"), fc.record({ reasonCode: fc.constantFrom(0, 0x80, 0x87, 0x9f) }))
          .map((parts) => join(...parts)),
      );
    case "publish":
      return plus(propertiesOf("publish"));
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return plus(reasoned("answer", answers[packet.type]));
    case "subscribe":
      return plus(
        fc
          .tuple(
            fc.record({ subscriptions: fc.array(subscription, { minLength: 1, maxLength: 5 }) }),
            propertiesOf("subscribe"),
          )
          .map((parts) => join(...parts)),
      );
    case "suback":
      return plus(propertiesOf("answer"));
    case "unsuback":
      return plus(
        fc
          .tuple(
            fc.record({
              reasonCodes: fc.array(fc.constantFrom(0, 0x11, 0x87), { minLength: 1, maxLength: 5 }),
            }),
            propertiesOf("answer"),
          )
          .map((parts) => join(...parts)),
      );
    case "unsubscribe":
      return plus(propertiesOf("unsubscribe"));
    case "disconnect":
      return fc.oneof(
        plus(reasoned("disconnect", fc.constantFrom(4, 0x81, 0x8b, 0x8e, 0x9d))),
        reasoned("auth", fc.constantFrom(0x18, 0x19)).map((more) => join({ type: "auth" }, more) as Packet),
      );
    default:
      return fc.constant(packet);
  }
});
