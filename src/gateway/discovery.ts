import type { Clock, Timer } from "../base/index.ts";
import { type NodeTopics, toBridgeTopic, toNodeTopic } from "../topics/index.ts";
import type { BrokerLink } from "./broker-link.ts";
import { readingsOf } from "./node-pages.ts";
import type { GatewayNode } from "./node.ts";

/** Home Assistant's own topics: where devices are announced, and where it says that it has started. */
const prefix = "homeassistant";
/** Where Home Assistant says `online` after a start. */
export const birthTopic = `${prefix}/status`;
/** How long after its birth nodes are announced, in milliseconds: it has just begun to listen. */
const afterBirthMs = 500;

/** What discovery stands on. */
export interface DiscoveryOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly base: string;
  readonly version: string;
  readonly nodes: ReadonlyMap<string, GatewayNode>;
}

/**
 * Announces nodes to Home Assistant in its device form, each with what it publishes: a topic that has a number gets a sensor.
 * Whether one is available follows from its wake contract.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  /** What was announced of each node, so that it is said again only when there is more. */
  readonly #announced = new Map<GatewayNode, string>();
  #birth: Timer | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Announces a node, if there is anything new to say of it. */
  announce(node: GatewayNode): void {
    const { link } = this.#options;
    if (!link.connected) return;
    const text = JSON.stringify(this.#describe(node));
    if (this.#announced.get(node) === text) return;
    this.#announced.set(node, text);
    this.#publish(node, text);
  }

  /** Announces all nodes: the broker may have lost it. */
  announceAll(): void {
    this.#announced.clear();
    for (const node of this.#options.nodes.values()) this.announce(node);
  }

  /** Home Assistant has started. */
  born(): void {
    this.#birth?.cancel();
    this.#birth = this.#options.clock.setTimer(afterBirthMs, () => this.announceAll());
  }

  /** Announces nothing more. */
  close(): void {
    this.#birth?.cancel();
  }

  /** Takes a node back. */
  forget(node: GatewayNode): void {
    this.#announced.delete(node);
    this.#publish(node, "");
  }

  #publish(node: GatewayNode, text: string): void {
    const topic = `${prefix}/device/moteq_${node.address}/config`;
    this.#options.link.publish(topic, text, { qos: 1, retain: true }).catch(() => {});
  }

  #describe(node: GatewayNode): object {
    const { base, version } = this.#options;
    const id = `moteq_${node.address}`;
    const topicOf = (tail: keyof NodeTopics) => toNodeTopic(base, node.name, tail);
    const own = (key: string, name: string, rest: object) => ({
      platform: "sensor",
      name,
      unique_id: `${id}_${key}`,
      state_topic: topicOf(""),
      entity_category: "diagnostic",
      ...rest,
    });
    const components: Record<string, object> = {
      last_seen: own("last_seen", "Last seen", {
        device_class: "timestamp",
        value_template: "{{ value_json.lastSeen }}",
      }),
      rssi: own("rssi", "Signal", {
        device_class: "signal_strength",
        unit_of_measurement: "dBm",
        value_template: "{{ value_json.rssi }}",
      }),
      queued: own("queued", "Queued messages", { value_template: "{{ value_json.queued }}" }),
    };
    if (node.battery?.percent !== undefined) {
      components["battery"] = own("battery", "Battery", {
        device_class: "battery",
        unit_of_measurement: "%",
        value_template: "{{ value_json.battery.percent }}",
      });
    }
    for (const [topic, value] of readingsOf(node).toSorted(([one], [two]) => (one < two ? -1 : 1))) {
      if (typeof value !== "number") continue;
      const key = toKey(topic);
      const last = topic.slice(topic.lastIndexOf("/") + 1);
      components[key] = {
        platform: "sensor",
        name: topic,
        unique_id: `${id}_${key}`,
        state_topic: topic,
        ...kindOf(last),
      };
    }
    return {
      device: {
        identifiers: [id],
        connections: [["mac", node.address.replaceAll(/(..)(?=.)/g, "$1:")]],
        name: node.name,
        manufacturer: "moteq",
        model: "radio node",
      },
      origin: { name: "moteq", sw_version: version },
      availability: [
        { topic: toBridgeTopic(base, "bridge/state"), value_template: "{{ value_json.state }}" },
        { topic: topicOf("availability"), value_template: "{{ value_json.state }}" },
      ],
      availability_mode: "all",
      components,
    };
  }
}

/** A key for each topic, which is no other topic's and none of our own: `t_a_b` for `a/b`, `t_a-005fb` for `a_b`. */
function toKey(topic: string): string {
  const escaped = topic.replaceAll(
    /[^a-zA-Z0-9/]/g,
    (unit) => `-${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `t_${escaped.replaceAll("/", "_")}`;
}

/** What a topic's last level says of the quantity. */
function kindOf(level: string): object {
  const kind = kinds.find(([words]) => words.test(level));
  if (!kind) return { state_class: "measurement" };
  const [, device_class, unit_of_measurement] = kind;
  return { device_class, unit_of_measurement, state_class: "measurement" };
}

const kinds: readonly (readonly [RegExp, string, string])[] = [
  [/^temp/i, "temperature", "°C"],
  [/^hum/i, "humidity", "%"],
  [/^press/i, "atmospheric_pressure", "hPa"],
  [/^(lux|illuminance)/i, "illuminance", "lx"],
  [/^(volt|vbat)/i, "voltage", "V"],
  [/^batt/i, "battery", "%"],
  [/^co2$/i, "carbon_dioxide", "ppm"],
];
