import { decodeUtf8, encodeUtf8, fromHex, toHex } from "../base/index.ts";
import { faultOfTopicName, type QueueItem, type QueueSummary } from "../topics/index.ts";
import type { Distribution, NotQueued } from "./distribution.ts";
import { gatewayErrors } from "./errors.ts";
import { findNode, type GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";
import { choosePolicy } from "./policies.ts";
import { readRequest } from "./request-shapes.ts";
import type { RequestHandlers } from "./requests.ts";
import type { QueuedMessage } from "./store.ts";

type QueueHandlers = {
  readonly [
    Name in keyof RequestHandlers as Name extends `queue/${string}` ? Name : never
  ]: RequestHandlers[Name];
};

/** Reads and changes what waits for nodes. */
export function createQueueRequests(parts: GatewayParts, distribution: Distribution): QueueHandlers {
  const { nodes, store, journal, config } = parts;
  return {
    "queue/list"(request) {
      const { node } = readRequest("queue/list", request);
      if (node !== undefined) return [summarize(findNode(nodes, node))];
      return [...nodes.values()].filter(({ queue }) => queue.size > 0).map((one) => summarize(one));
    },

    async "queue/show"(request) {
      const { node: name, limit } = readRequest("queue/show", request);
      const node = findNode(nodes, name);
      distribution.expire(node);
      const ids = node.queue.first(limit);
      await journal.attempted();
      const messages = await store.readMessages(node.address, ids);
      return {
        ...summarize(node),
        messages: messages.map((message) => describe(message, node.queue.expiryOf(message.id))),
      };
    },

    "queue/add"(request, transaction) {
      const {
        node: name,
        topic,
        payload: text,
        encoding,
        fateTransaction,
        ...wish
      } = readRequest("queue/add", request);
      const node = findNode(nodes, name);
      const fault = faultOfTopicName(topic);
      if (fault !== undefined) throw gatewayErrors.create("gateway/bad-request", `topic: ${fault}`);
      const payload = encoding === "hex" ? fromHex(text) : encodeUtf8(text);
      if (!payload) throw gatewayErrors.create("gateway/bad-request", "payload: expected hexadecimal digits");
      const standard = choosePolicy(config.policies, topic);
      const { policy = standard.policy, ttl = standard.ttl, priority = standard.priority } = wish;
      const content = { topic, payload, retained: false };
      const order = { policy, ttl, priority, transaction: fateTransaction ?? transaction };
      const id = distribution.enqueue(node, content, order);
      if (typeof id !== "number") {
        throw gatewayErrors.create("gateway/not-queued", `the message was not queued: ${reasons[id]}`);
      }
      return { node: node.address, id };
    },

    async "queue/drop"(request) {
      const { node: name, ids } = readRequest("queue/drop", request);
      const node = findNode(nodes, name);
      return { node: node.address, dropped: await distribution.drop(node, ids, "flushed") };
    },

    async "queue/flush"(request) {
      const node = findNode(nodes, readRequest("queue/flush", request).node);
      const ids = node.queue.first(Infinity);
      return { node: node.address, dropped: await distribution.drop(node, ids, "flushed") };
    },
  };
}

const reasons: Readonly<Record<NotQueued, string>> = {
  "store-slow": "the store does not keep up; try again later",
  "too-long": "it is longer than a node's queue may be (limits.queue_bytes)",
  "queue-full": "the queue is full of messages of a higher priority",
};

function summarize({ address, name, queue }: GatewayNode): QueueSummary {
  const expiry = queue.firstExpiry();
  return {
    node: address,
    name,
    queued: queue.size,
    bytes: queue.bytes,
    nextExpiry: expiry === Infinity ? null : new Date(expiry).toISOString(),
  };
}

function describe(message: QueuedMessage, expiry: number): QueueItem {
  const { id, topic, payload, retained, priority, latest, queuedAt, transaction } = message;
  const text = decodeUtf8(payload);
  return {
    id,
    topic,
    ...(text === undefined ? { payload: toHex(payload), encoding: "hex" } : { payload: text }),
    retained,
    priority,
    policy: latest ? "latest" : "fifo",
    queuedAt: new Date(queuedAt).toISOString(),
    expiresAt: expiry === Infinity ? null : new Date(expiry).toISOString(),
    transaction,
  };
}
