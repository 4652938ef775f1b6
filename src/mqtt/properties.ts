import { show, utf8Length } from "../base/index.ts";
import type { BodyReader } from "./body-reader.ts";
import type { BodyWriter } from "./body-writer.ts";

/** The properties of MQTT 5 packets (2.2.2.2), by the standard's names. Spans are in seconds. */
export interface Properties {
  /** Whether the payload is text in UTF-8. */
  readonly payloadFormatIndicator?: boolean;
  /** The broker drops the message when it has waited so long. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  /** Where an answer is to be published. */
  readonly responseTopic?: string;
  /** What an answer has to hold so that it is known what it answers. */
  readonly correlationData?: Uint8Array;
  /** In SUBSCRIBE one, the number under which its messages come; in PUBLISH those of all filters that matched. */
  readonly subscriptionIdentifiers?: readonly number[];
  /** How long the broker keeps the session behind the connection's end; 0xFFFFFFFF for ever. */
  readonly sessionExpiryInterval?: number;
  readonly assignedClientIdentifier?: string;
  readonly serverKeepAlive?: number;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
  readonly requestProblemInformation?: boolean;
  /** The will is published when the client has been away for so long. */
  readonly willDelayInterval?: number;
  readonly requestResponseInformation?: boolean;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  /** For people. */
  readonly reasonString?: string;
  /** How many messages at QoS 1 and 2 the sender of this takes at once, 1 … 65,535. */
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  readonly topicAlias?: number;
  readonly maximumQoS?: number;
  readonly retainAvailable?: boolean;
  /** Pairs of a name and a value; a name may come several times. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
  /** The longest packet that the sender of this takes, in bytes. */
  readonly maximumPacketSize?: number;
  readonly wildcardSubscriptionAvailable?: boolean;
  readonly subscriptionIdentifiersAvailable?: boolean;
  readonly sharedSubscriptionAvailable?: boolean;
}

type Only<Names extends keyof Properties> = Pick<Properties, Names>;
type Explained = Only<"reasonString" | "userProperties">;
type Payload = Only<
  | "payloadFormatIndicator"
  | "messageExpiryInterval"
  | "contentType"
  | "responseTopic"
  | "correlationData"
  | "userProperties"
>;

/** What a message can take along (MQTT 5, 3.3.2.3), beside what is between two ends of a connection. */
export type MessageProperties = Payload;

/** Which properties each packet may have. */
export interface PropertiesOf {
  readonly will: Payload & Only<"willDelayInterval">;
  readonly connect: Only<
    | "sessionExpiryInterval"
    | "authenticationMethod"
    | "authenticationData"
    | "requestProblemInformation"
    | "requestResponseInformation"
    | "receiveMaximum"
    | "topicAliasMaximum"
    | "userProperties"
    | "maximumPacketSize"
  >;
  readonly connack: Explained &
    Only<
      | "sessionExpiryInterval"
      | "assignedClientIdentifier"
      | "serverKeepAlive"
      | "authenticationMethod"
      | "authenticationData"
      | "responseInformation"
      | "serverReference"
      | "receiveMaximum"
      | "topicAliasMaximum"
      | "maximumQoS"
      | "retainAvailable"
      | "maximumPacketSize"
      | "wildcardSubscriptionAvailable"
      | "subscriptionIdentifiersAvailable"
      | "sharedSubscriptionAvailable"
    >;
  readonly publish: Payload & Only<"subscriptionIdentifiers" | "topicAlias">;
  /** And PUBREC, PUBREL and PUBCOMP. */
  readonly puback: Explained;
  readonly subscribe: Only<"subscriptionIdentifiers" | "userProperties">;
  readonly suback: Explained;
  readonly unsubscribe: Only<"userProperties">;
  readonly unsuback: Explained;
  readonly disconnect: Explained & Only<"sessionExpiryInterval" | "serverReference">;
  readonly auth: Explained & Only<"authenticationMethod" | "authenticationData">;
}

// How a value is written: the name of the method that does it.
const flag = 0;
const byte = 1;
const uint16 = 2;
const uint32 = 3;
const text = 4;
const data = 5;
const numbers = 6;
const pairs = 7;

// Where properties may be, as bits: a will's has the place of the reserved packet code 0, others that of their code.
const will = 1;
const connect = 2;
const connack = 4;
const publish = 8;
const subscribe = 0x100;
const disconnect = 0x4000;
const auth = 0x8000;
/** Every answer: CONNACK, the four of the handshakes, SUBACK, UNSUBACK, DISCONNECT and AUTH. */
const explained = 0xcaf4;
const everywhere = 0xcffe | 1;

type Row = readonly [name: keyof Properties, id: number, kind: number, where: number];

/** The table of MQTT 5, 2.2.2.2. */
const table: readonly Row[] = [
  ["payloadFormatIndicator", 1, flag, publish | will],
  ["messageExpiryInterval", 2, uint32, publish | will],
  ["contentType", 3, text, publish | will],
  ["responseTopic", 8, text, publish | will],
  ["correlationData", 9, data, publish | will],
  ["subscriptionIdentifiers", 11, numbers, publish | subscribe],
  ["sessionExpiryInterval", 17, uint32, connect | connack | disconnect],
  ["assignedClientIdentifier", 18, text, connack],
  ["serverKeepAlive", 19, uint16, connack],
  ["authenticationMethod", 21, text, connect | connack | auth],
  ["authenticationData", 22, data, connect | connack | auth],
  ["requestProblemInformation", 23, flag, connect],
  ["willDelayInterval", 24, uint32, will],
  ["requestResponseInformation", 25, flag, connect],
  ["responseInformation", 26, text, connack],
  ["serverReference", 28, text, connack | disconnect],
  ["reasonString", 31, text, explained],
  ["receiveMaximum", 33, uint16, connect | connack],
  ["topicAliasMaximum", 34, uint16, connect | connack],
  ["topicAlias", 35, uint16, publish],
  ["maximumQoS", 36, byte, connack],
  ["retainAvailable", 37, flag, connack],
  ["userProperties", 38, pairs, everywhere],
  ["maximumPacketSize", 39, uint32, connect | connack],
  ["wildcardSubscriptionAvailable", 40, flag, connack],
  ["subscriptionIdentifiersAvailable", 41, flag, connack],
  ["sharedSubscriptionAvailable", 42, flag, connack],
];

const byId: (Row | undefined)[] = [];
for (const row of table) byId[row[1]] = row;

/** The properties that must not be 0: subscription identifiers, receive maximum, topic alias, packet size. */
const neverZero = new Set([11, 33, 35, 39]);

/**
 * What is wrong with properties that somebody gives, as the end of a sentence; `undefined` if nothing is. What the table does
 * not know is not written, and so does no harm.
 *
 * @param where the packet's code; 0 for a will
 */
export function faultOfProperties(properties: Properties, where: number): string | undefined {
  for (const [name, id, kind, places] of table) {
    const value: unknown = properties[name];
    if (value === undefined) continue;
    if (!(places & (1 << where))) return `cannot have ${name}`;
    const all = kind >= numbers ? value : [value];
    const fits = (one: unknown) => isValue(kind, one) && !(one === 0 && neverZero.has(id));
    if (!Array.isArray(all) || !all.every(fits)) return `has a bad ${name}, ${show(value)}`;
  }
  return undefined;
}

/** Writes properties behind their length. */
export function writeProperties(body: BodyWriter, properties: Properties = {}): void {
  const start = body.bytes.length;
  for (const [name, id, kind] of table) {
    const value = properties[name];
    if (value === undefined) continue;
    for (const one of kind >= numbers ? (value as readonly unknown[]) : [value]) {
      body.byte(id);
      writeValue(body, kind, one);
    }
  }
  // The length goes before: it is known only now.
  const length = body.bytes.length - start;
  body.varint(length);
  const header = body.bytes.splice(start + length);
  body.bytes.splice(start, 0, ...header);
}

/** Reads properties; `undefined` if there are none. @param where the packet's code; 0 for a will */
export function readProperties(body: BodyReader, where: number): Properties | undefined {
  const length = body.varint();
  if (length === 0) return undefined;
  const end = body.left - length;
  if (end < 0) body.fail("bad-length");
  const properties: Record<string, unknown> = {};
  while (body.left > end) {
    const row = byId[body.byte()];
    if (!row || !(row[3] & (1 << where))) {
      body.fail("bad-properties");
      break;
    }
    const [name, id, kind] = row;
    const value = readValue(body, kind);
    if ((value === 0 && neverZero.has(id)) || (kind < numbers && name in properties)) {
      body.fail("bad-properties");
    }
    if (kind < numbers) properties[name] = value;
    else ((properties[name] ??= []) as unknown[]).push(value);
  }
  if (body.left !== end) body.fail("bad-length");
  return properties;
}

function isValue(kind: number, value: unknown): boolean {
  if (kind === flag) return typeof value === "boolean";
  if (kind === data) return value instanceof Uint8Array && value.length <= 0xffff;
  if (kind === pairs) return Array.isArray(value) && value.length === 2 && value.every(isText);
  if (kind === text) return isText(value);
  const greatest = [0, 0xff, 0xffff, 0xffff_ffff][kind] ?? 0xfff_ffff;
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= greatest;
}

/** Whether a text can be carried (MQTT 5, 1.5.4). */
function isText(value: unknown): boolean {
  return typeof value === "string" && !value.includes("\0") && utf8Length(value) <= 0xffff;
}

function writeValue(body: BodyWriter, kind: number, value: unknown): void {
  if (kind <= byte) body.byte(Number(value));
  else if (kind === uint16) body.uint16(value as number);
  else if (kind === uint32) body.uint32(value as number);
  else if (kind === numbers) body.varint(value as number);
  else if (kind === data) body.data(value as Uint8Array);
  else for (const one of kind === pairs ? (value as string[]) : [value as string]) body.text(one);
}

function readValue(body: BodyReader, kind: number): unknown {
  if (kind === flag) {
    const value = body.byte();
    if (value > 1) body.fail("bad-properties");
    return value === 1;
  }
  if (kind === byte) return body.byte();
  if (kind === uint16) return body.uint16();
  if (kind === uint32) return body.uint32();
  if (kind === numbers) return body.varint();
  if (kind === data) return body.data();
  return kind === pairs ? [body.text(), body.text()] : body.text();
}
