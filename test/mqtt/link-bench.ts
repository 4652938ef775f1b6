import { createSeededRandom, encodeUtf8 } from "../../src/base/index.ts";
import { connect, type MqttClientOptions, type Packet, reasonOf, type Status } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { type Script, ScriptedBroker } from "./scripted-broker.ts";

/** A client of a scripted broker, in virtual time, and what became of its link. */
export function setUp(script?: Script, options: Partial<MqttClientOptions> = {}) {
  const clock = new VirtualClock();
  const broker = new ScriptedBroker(script);
  const statuses: Status[] = [];
  const client = connect({
    open: broker.open,
    clock,
    random: createSeededRandom(1),
    reasonOf,
    onStatus: (status) => statuses.push(status),
    ...options,
  });
  /** The codes of the errors that ended connections. */
  const troubles = () =>
    statuses.flatMap((status) =>
      status.type === "disconnected" ? [(status.error as { code?: string })?.code] : [],
    );
  return { clock, broker, client, statuses, troubles };
}

/** Leaves packets of these types without their answer. */
export function unanswered(...types: Packet["type"][]): Script {
  return (packet) => (types.includes(packet.type) ? { type: "pingresp" } : undefined);
}

const payload = encodeUtf8("x");

/** A message from the broker. */
export const incoming = (topic: string, qos: 0 | 1 | 2 = 0, packetId = 0): Packet => ({
  type: "publish",
  topic,
  payload,
  qos,
  retain: false,
  duplicate: false,
  packetId,
});
