import { expect } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import type { OutgoingPacket, Packet, PublishPacket, QoS } from "../../src/mqtt/index.ts";
import type { Delivery } from "../../src/mqtt/incoming.ts";
import { Publication } from "../../src/mqtt/publication.ts";
import { Request } from "../../src/mqtt/requests.ts";
import { Session } from "../../src/mqtt/session.ts";
import type { SessionOptions } from "../../src/mqtt/session-ties.ts";

/** A session and what it has put out, in words. */
export class Bench {
  readonly delivered: { topic: string; delivery: Delivery | undefined }[] = [];
  readonly lost: string[] = [];
  /** Messages of which something was to be noted and that have not been told that it is safe. */
  readonly noting: Publication[] = [];
  /** What a store is told of messages received and of ways. */
  readonly noted: string[] = [];
  readonly session: Session;
  #sent: string[] = [];

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new Session(
      {
        send: (packet) => this.#sent.push(describePacket(packet)),
        deliver: ({ topic }, delivery) => this.delivered.push({ topic, delivery }),
        probe: () => this.#sent.push(describePacket({ type: "pingreq" })),
        note: (publication) => this.noting.push(publication),
        subscriptionLost: (filter) => this.lost.push(filter),
      },
      { inflightLimit: 10, refusalLimit: 3, ...options },
      {
        sent: ({ packetId }) => this.noted.push(`sent ${packetId}`),
        released: ({ packetId }) => this.noted.push(`released ${packetId}`),
        gone: ({ packetId }) => this.noted.push(`gone ${packetId}`),
        received: (mark) => this.noted.push(`received ${mark % 65_536}`),
        forgotten: (mark) => this.noted.push(`forgotten ${mark % 65_536}`),
        moved: (way) => this.noted.push(`moved ${way}`),
      },
    );
  }

  connect(sessionPresent = false, way = 0): this {
    this.session.connect(sessionPresent, undefined, way);
    return this;
  }

  publish(qos: QoS, topic = "t"): Publication {
    while (this.session.sendNext());
    expect(this.session.hasRoom).toBe(true);
    const publication = new Publication(topic, "x", qos, false);
    this.session.publish(publication);
    return publication;
  }

  subscribe(filter: string, qos: QoS = 1): Request {
    const request = new Request("subscribe", [{ filter, qos }]);
    this.session.request(request);
    return request;
  }

  unsubscribe(filter: string): Request {
    const request = new Request("unsubscribe", [{ filter, qos: 0 }]);
    this.session.request(request);
    return request;
  }

  receive(packet: Packet): string | undefined {
    return this.session.receive(packet);
  }

  message(qos: QoS, packetId: number, duplicate = false, text = "x"): PublishPacket {
    return {
      type: "publish",
      topic: "in",
      payload: encodeUtf8(text),
      qos,
      retain: false,
      duplicate,
      packetId,
    };
  }

  /** What was sent since the last look. */
  sent(): string[] {
    while (this.session.sendNext());
    return this.#sent.splice(0);
  }
}

function describePacket(packet: OutgoingPacket): string {
  switch (packet.type) {
    case "publish":
      return `publish ${packet.topic} q${packet.qos} #${packet.packetId}${packet.duplicate ? " dup" : ""}`;
    case "subscribe":
      return `subscribe ${packet.subscriptions.map(({ filter }) => filter).join(" ")} #${packet.packetId}`;
    case "unsubscribe":
      return `unsubscribe ${packet.filters.join(" ")} #${packet.packetId}`;
    default:
      return "packetId" in packet ? `${packet.type} #${packet.packetId}` : packet.type;
  }
}
