import { describe, expect, it } from "vitest";
import type { SessionStore, StoreChange, StoredMessage } from "../../src/mqtt/index.ts";

/** A message with every field set, so that none is lost unseen. */
export function storedMessage(sequence: number, more: Partial<StoredMessage> = {}): StoredMessage {
  return {
    sequence,
    topic: `t/${sequence} ü`,
    payload: Uint8Array.of(0, 255, sequence & 255),
    qos: sequence % 2 === 0 ? 2 : 1,
    retain: sequence % 3 === 0,
    properties: undefined,
    packetId: sequence % 65_536,
    released: false,
    ...more,
  };
}

export function put(...sequences: number[]): StoreChange[] {
  return sequences.map((sequence) => ({ type: "put", message: storedMessage(sequence) }));
}

const received = (mark: number): StoreChange => ({ type: "received", mark });
const forgotten = (mark: number): StoreChange => ({ type: "forgotten", mark });

/**
 * What every store of a session must do.
 *
 * @param name what the store is called in the tests' titles
 * @param make makes an empty store, and what opens the same one anew after it was closed
 */
export function describeSessionStore(
  name: string,
  make: () => Promise<{ store: SessionStore; reopen: () => Promise<SessionStore> }>,
): void {
  /** What a store that took these changes, one call each, holds after it was closed and opened again. */
  const after = async (...calls: (readonly StoreChange[])[]) => {
    const { store, reopen } = await make();
    expect(store.load()).toEqual({ messages: [], received: [] });
    for (const changes of calls) await store.apply(changes);
    await store.close();
    const again = await reopen();
    const session = again.load();
    await again.close();
    return session;
  };

  describe(`${name}, a session store`, () => {
    it("holds nothing at first", async () => {
      expect(await after()).toEqual({ messages: [], received: [] });
    });

    it("holds messages in their order, with everything that belongs to them", async () => {
      const text = storedMessage(4, { payload: "grün 😀", packetId: 0 });
      const properties = {
        contentType: "text/plain",
        correlationData: Uint8Array.of(1, 2, 255),
        userProperties: [["a", "b"] as const, ["a", "c"] as const],
      };
      const long = storedMessage(5_000_000_000, { payload: new Uint8Array(100_000).fill(7), properties });
      const released = storedMessage(6_000_000_000, { released: true, payload: "" });
      const session = await after(
        put(1, 2),
        [
          { type: "put", message: text },
          { type: "put", message: long },
        ],
        [{ type: "put", message: released }],
      );
      expect(session.messages).toEqual([storedMessage(1), storedMessage(2), text, long, released]);
    });

    it("knows how far each has come", async () => {
      const session = await after(put(1, 2, 3, 4), [
        { type: "sent", sequence: 2, packetId: 77 },
        { type: "released", sequence: 2 },
        { type: "released", sequence: 4 },
        { type: "sent", sequence: 4, packetId: 78 },
        { type: "delete", sequence: 3 },
      ]);
      expect(session.messages).toEqual([
        storedMessage(1),
        storedMessage(2, { packetId: 77, released: true }),
        storedMessage(4, { packetId: 78, released: false }),
      ]);
    });

    it("knows which way its messages went", async () => {
      expect((await after(put(1), [{ type: "moved", way: 2 }])).way).toBe(2);
      expect((await after([{ type: "moved", way: 2 }], [{ type: "moved", way: 0 }])).way ?? 0).toBe(0);
    });

    it("knows which messages were received and not released yet", async () => {
      expect((await after([received(1), received(65_535), received(9)], [forgotten(1)])).received).toEqual([
        65_535, 9,
      ]);
      const greatest = Number.MAX_SAFE_INTEGER;
      expect((await after([received(1), received(2)], [forgotten(0), received(3)])).received).toEqual([3]);
      expect((await after([received(greatest), received(1)], [forgotten(1)])).received).toEqual([greatest]);
    });

    it("takes changes of what it does not hold", async () => {
      const session = await after([
        { type: "sent", sequence: 9, packetId: 1 },
        { type: "released", sequence: 9 },
        { type: "delete", sequence: 9 },
        { type: "forgotten", mark: 9 },
      ]);
      expect(session).toEqual({ messages: [], received: [] });
    });

    it("goes on where it was closed", async () => {
      const { store, reopen } = await make();
      await store.apply(put(1, 2));
      await store.close();
      const again = await reopen();
      await again.apply([...put(3), { type: "delete", sequence: 1 }]);
      await again.close();
      const last = await reopen();
      expect(last.load().messages.map(({ sequence }) => sequence)).toEqual([2, 3]);
      await last.close();
    });

    it("holds a thousand messages through a hundred times as many changes", async () => {
      const { store, reopen } = await make();
      for (let round = 0; round < 100; round++) {
        const base = round * 500;
        const changes = put(...Array.from({ length: 500 }, (_item, index) => base + index + 1));
        const over = round < 2 ? 0 : 500;
        for (let index = 1; index <= over; index++) {
          changes.push({ type: "delete", sequence: base - 1000 + index });
        }
        await store.apply(changes);
      }
      await store.close();
      const again = await reopen();
      const sequences = again.load().messages.map(({ sequence }) => sequence);
      expect([sequences.length, sequences[0], sequences.at(-1)]).toEqual([1000, 49_001, 50_000]);
      await again.close();
    });
  });
}
