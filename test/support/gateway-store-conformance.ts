import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import {
  type GatewayStore,
  type NodeRecord,
  type QueuedMessage,
  type StoreChange,
  type StoredUplink,
  summarizeMessage,
} from "../../src/gateway/index.ts";

const record: NodeRecord = { address: "02000000aa01", dialect: undefined, subscriptions: [] };
const other: NodeRecord = {
  address: "02000000aa02",
  dialect: "link",
  subscriptions: [
    ["shed/+", 1],
    ["a/#", 0],
  ],
};

function message(id: number, payload: Uint8Array = encodeUtf8(`m${id}`)): QueuedMessage {
  return {
    id,
    topic: "t",
    payload,
    retained: false,
    queuedAt: 1_795_000_000_000 + id,
    priority: 4,
    expiresAt: undefined,
    latest: false,
    transaction: undefined,
  };
}

function uplink(sequence: number): StoredUplink {
  return {
    sequence,
    topic: `t/${sequence} ü`,
    payload: Uint8Array.of(0, 255, sequence),
    qos: (sequence % 3) as 0 | 1 | 2,
    retain: sequence % 2 === 0,
  };
}

function enqueue(address: string, ...ids: number[]): StoreChange[] {
  return ids.map((id) => ({ type: "enqueue", address, message: message(id) }));
}

/**
 * What every gateway store must do.
 *
 * @param name what the store is called in the tests' titles
 * @param make makes an empty store, and what opens the same one anew after it was closed
 */
export function describeGatewayStore(
  name: string,
  make: () => Promise<{ store: GatewayStore; reopen: () => Promise<GatewayStore> }>,
): void {
  describe(`${name}, a gateway store`, () => {
    it("is empty at first", async () => {
      const { store } = await make();
      expect(await store.open()).toEqual({ nodes: [], uplinks: [], topics: [], settings: [], damaged: 0 });
      expect(await store.readMessages(record.address, [0])).toEqual([]);
      await store.close();
    });

    it("keeps nodes with their dialect and subscriptions, each with its newest record", async () => {
      const { store, reopen } = await make();
      await store.open();
      await store.commit([
        { type: "node", record },
        { type: "node", record: other },
        {
          type: "node",
          record: {
            ...record,
            dialect: "prototype",
            subscriptions: [["b", 2]],
            name: "shed",
            contract: { period: 300, tolerance: 60 },
          },
        },
      ]);
      await store.close();
      const again = await reopen();
      const { nodes } = await again.open();
      const sorted = nodes.toSorted((one, two) => one.record.address.localeCompare(two.record.address));
      expect(sorted).toEqual([
        {
          record: {
            address: record.address,
            dialect: "prototype",
            subscriptions: [["b", 2]],
            name: "shed",
            contract: { period: 300, tolerance: 60 },
          },
          nextId: 0,
          waiting: [],
        },
        { record: other, nextId: 0, waiting: [] },
      ]);
      await again.close();
    });

    it("gives a node's messages as they are asked for, without those it does not have", async () => {
      const { store } = await make();
      await store.open();
      await store.commit([{ type: "node", record }, ...enqueue(record.address, 0, 1, 2)]);
      expect(await store.readMessages(record.address, [2, 7, 0])).toEqual([message(2), message(0)]);
      expect(await store.readMessages(record.address, [])).toEqual([]);
      await store.close();
    });

    it("keeps the queues of nodes apart", async () => {
      const { store } = await make();
      await store.open();
      await store.commit([
        { type: "node", record },
        { type: "node", record: other },
        ...enqueue(other.address, 0),
      ]);
      expect(await store.readMessages(record.address, [0, 1])).toEqual([]);
      expect(await store.readMessages(other.address, [0, 1])).toEqual([message(0)]);
      await store.close();
    });

    it("forgets a message that is done with, and takes it calmly if there is none", async () => {
      const { store } = await make();
      await store.open();
      await store.commit([{ type: "node", record }, ...enqueue(record.address, 0, 1)]);
      const dequeue = { type: "dequeue", address: record.address, id: 0 } as const;
      await store.commit([dequeue]);
      await store.commit([dequeue, { ...dequeue, id: 77 }, { ...dequeue, address: "02000000ffff" }]);
      expect(await store.readMessages(record.address, [0, 1])).toEqual([message(1)]);
      await store.close();
    });

    it("makes the changes of a batch in their order", async () => {
      const { store } = await make();
      await store.open();
      await store.commit([
        { type: "node", record },
        ...enqueue(record.address, 0),
        { type: "dequeue", address: record.address, id: 0 },
        ...enqueue(record.address, 1),
      ]);
      expect(await store.readMessages(record.address, [0, 1])).toEqual([message(1)]);
      await store.close();
    });

    it("keeps a node's queue when its record changes", async () => {
      const { store } = await make();
      await store.open();
      await store.commit([{ type: "node", record }, ...enqueue(record.address, 0)]);
      await store.commit([{ type: "node", record: { ...record, dialect: "link" } }]);
      expect(await store.readMessages(record.address, [0, 1])).toEqual([message(0)]);
      await store.close();
    });

    it("says at the next start where each queue stands, without its payloads", async () => {
      const { store, reopen } = await make();
      await store.open();
      await store.commit([{ type: "node", record }, ...enqueue(record.address, 0, 1, 2)]);
      await store.commit([{ type: "dequeue", address: record.address, id: 0 }]);
      await store.close();
      const again = await reopen();
      expect((await again.open()).nodes).toEqual([
        { record, nextId: 3, waiting: [message(1), message(2)].map((waiting) => summarizeMessage(waiting)) },
      ]);
      await again.close();
    });

    it("never uses a number twice, though the queue was empty when it closed", async () => {
      const { store, reopen } = await make();
      await store.open();
      await store.commit([{ type: "node", record }, ...enqueue(record.address, 0, 1)]);
      await store.commit([
        { type: "dequeue", address: record.address, id: 0 },
        { type: "dequeue", address: record.address, id: 1 },
      ]);
      await store.close();
      const again = await reopen();
      expect((await again.open()).nodes).toEqual([{ record, nextId: 2, waiting: [] }]);
      await again.close();
    });

    it("keeps any bytes of a payload, and all that is known of a message", async () => {
      const { store, reopen } = await make();
      await store.open();
      const payload = Uint8Array.from({ length: 256 }, (_, index) => index);
      const kept: QueuedMessage = {
        ...message(0, payload),
        retained: true,
        priority: 9,
        expiresAt: 1_795_000_000_777,
        latest: true,
        transaction: "t-ü 1",
      };
      await store.commit([
        { type: "node", record },
        { type: "enqueue", address: record.address, message: kept },
      ]);
      await store.close();
      const again = await reopen();
      const { nodes } = await again.open();
      expect(nodes).toEqual([{ record, nextId: 1, waiting: [summarizeMessage(kept)] }]);
      const [found] = await again.readMessages(record.address, [0, 1]);
      expect({ ...found, payload: [...(found?.payload ?? [])] }).toEqual({ ...kept, payload: [...payload] });
      await again.close();
    });

    it("keeps publications until they are done with, in their order", async () => {
      const { store, reopen } = await make();
      await store.open();
      const sequences = [7, 8, 9, 255, 256, 2 ** 40];
      await store.commit(sequences.map((sequence) => ({ type: "uplink", uplink: uplink(sequence) })));
      await store.commit([
        { type: "uplink-done", sequence: 8 },
        { type: "uplink-done", sequence: 1000 },
      ]);
      await store.close();
      const again = await reopen();
      expect((await again.open()).uplinks).toEqual(
        [7, 9, 255, 256, 2 ** 40].map((sequence) => uplink(sequence)),
      );
      await again.close();
    });

    it("keeps how far a publication has come, in its place", async () => {
      const { store, reopen } = await make();
      await store.open();
      const far = { ...uplink(5), packetId: 65_535, released: false };
      const further = { ...uplink(8), packetId: 1, released: true };
      await store.commit([5, 8, 11].map((sequence) => ({ type: "uplink", uplink: uplink(sequence) })));
      await store.commit([
        { type: "uplink", uplink: { ...further, released: false } },
        { type: "uplink", uplink: far },
      ]);
      await store.commit([{ type: "uplink", uplink: further }]);
      await store.close();
      const again = await reopen();
      expect((await again.open()).uplinks).toEqual([far, further, uplink(11)]);
      await again.commit([{ type: "uplink-done", sequence: 8 }]);
      await again.close();
      const last = await reopen();
      expect((await last.open()).uplinks).toEqual([far, uplink(11)]);
      await last.close();
    });

    it("keeps what was seen last on each topic", async () => {
      const { store, reopen } = await make();
      await store.open();
      const large = 2 ** 52 - 1;
      await store.commit([
        { type: "topic", topic: 1, message: 10 },
        { type: "topic", topic: large, message: large },
        { type: "topic", topic: 2, message: 20 },
        { type: "topic", topic: 1, message: 11 },
        { type: "topic", topic: 2, message: undefined },
      ]);
      await store.close();
      const again = await reopen();
      const { topics } = await again.open();
      expect(topics.toSorted(([one], [two]) => one - two)).toEqual([
        [1, 11],
        [large, large],
      ]);
      await again.close();
    });

    it("forgets a node with all that waits for it, and no other", async () => {
      const { store, reopen } = await make();
      await store.open();
      await store.commit([
        { type: "node", record },
        { type: "node", record: other },
        ...enqueue(record.address, 0, 1),
        ...enqueue(other.address, 0),
        { type: "remove-node", address: record.address },
        { type: "remove-node", address: "02000000ffff" },
      ]);
      expect(await store.readMessages(record.address, [0, 1])).toEqual([]);
      await store.close();
      const again = await reopen();
      const { nodes } = await again.open();
      expect(nodes).toEqual([{ record: other, nextId: 1, waiting: [summarizeMessage(message(0))] }]);
      await again.close();
    });

    it("has nothing for whoever comes with the address of a node that is forgotten", async () => {
      const { store, reopen } = await make();
      await store.open();
      await store.commit([
        { type: "node", record },
        { type: "remove-node", address: record.address },
        ...enqueue(record.address, 0),
      ]);
      await store.close();
      const again = await reopen();
      expect((await again.open()).nodes).toEqual([]);
      await again.commit([{ type: "node", record }]);
      expect(await again.readMessages(record.address, [0])).toEqual([]);
      await again.close();
    });

    it("keeps what the gateway remembers of itself", async () => {
      const { store, reopen } = await make();
      await store.open();
      await store.commit([
        { type: "setting", name: "a", value: "1 ü" },
        { type: "setting", name: "b", value: "2" },
        { type: "setting", name: "a", value: "3" },
        { type: "setting", name: "b", value: undefined },
        { type: "setting", name: "none", value: undefined },
      ]);
      await store.close();
      const again = await reopen();
      expect((await again.open()).settings).toEqual([["a", "3"]]);
      await again.close();
    });

    it("closes twice", async () => {
      const { store } = await make();
      await store.open();
      await store.close();
      await store.close();
    });
  });
}
