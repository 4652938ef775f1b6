import { describe, expect, it } from "vitest";
import type { StoreChange } from "../../src/gateway/index.ts";
import { MemoryStore } from "../../src/gateway/index.ts";
import { Journal } from "../../src/gateway/journal.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

/** A store that records its batches and holds each until it is let go. */
class SlowStore extends MemoryStore {
  readonly batches: number[][] = [];
  readonly letGo: ((error?: Error) => void)[] = [];

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    this.batches.push(changes.map((change) => (change.type === "dequeue" ? change.id : -1)));
    await new Promise<void>((resolve, reject) => {
      this.letGo.push((error) => (error ? reject(error) : resolve()));
    });
  }
}

const change = (id: number): StoreChange => ({ type: "dequeue", address: "a", id });
const turns = async () => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

describe("Journal", () => {
  it("commits all changes of one turn in one batch, in order", async () => {
    const store = new SlowStore();
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {} });
    for (const id of [1, 2, 3]) journal.add(change(id));
    await turns();
    expect(store.batches).toEqual([[1, 2, 3]]);
  });

  it("has one batch under way, and gathers what comes meanwhile in the next", async () => {
    const store = new SlowStore();
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {} });
    journal.add(change(1));
    await turns();
    journal.add(change(2));
    await turns();
    journal.add(change(3));
    await turns();
    expect(store.batches).toEqual([[1]]);
    store.letGo[0]?.();
    await turns();
    expect(store.batches).toEqual([[1], [2, 3]]);
  });

  it("is flushed when what was added so far is committed, whatever comes later", async () => {
    const store = new SlowStore();
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {} });
    expect(journal.flushed()).toBeUndefined();
    journal.add(change(1));
    let flushed = false;
    void journal.flushed()?.then(() => (flushed = true));
    await turns();
    expect(flushed).toBe(false);
    journal.add(change(2));
    store.letGo[0]?.();
    await turns();
    expect(flushed).toBe(true);
    expect(journal.flushed()).toBeDefined();
    store.letGo[1]?.();
    await turns();
    expect(journal.flushed()).toBeUndefined();
  });

  it("tells of a failure, and tries the same batch again until it is committed", async () => {
    const store = new SlowStore();
    const clock = new VirtualClock();
    const failures: unknown[] = [];
    const journal = new Journal({ store, clock, onFailure: (error) => failures.push(error) });
    journal.add(change(1));
    let flushed = false;
    void journal.flushed()?.then(() => (flushed = true));
    let attempted = false;
    void journal.attempted().then(() => (attempted = true));
    await turns();
    store.letGo[0]?.(new Error("disk full"));
    journal.add(change(2));
    await turns();
    expect({ flushed, attempted, failing: journal.isFailing }).toEqual({
      flushed: false,
      attempted: true,
      failing: true,
    });
    expect(failures).toEqual([new Error("disk full")]);
    await clock.advance(1000);
    store.letGo[1]?.();
    await turns();
    expect({ flushed, failing: journal.isFailing }).toEqual({ flushed: true, failing: false });
    expect(store.batches).toEqual([[1], [1], [2]]);
  });

  it("does not write what was taken back in time", async () => {
    const store = new SlowStore();
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {} });
    const [one, two] = [change(1), change(2)];
    journal.add(one);
    let flushed = false;
    void journal.flushed()?.then(() => (flushed = true));
    expect(journal.withdraw(one)).toBe(true);
    await turns();
    expect({ batches: store.batches, flushed }).toEqual({ batches: [], flushed: true });
    journal.add(two);
    await turns();
    expect(journal.withdraw(two)).toBe(false);
    expect(store.batches).toEqual([[2]]);
  });

  it("commits in a batch of its own what is added by whoever hears that all was taken back", async () => {
    const store = new SlowStore();
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {} });
    const one = change(1);
    journal.add(one);
    let flushed = false;
    journal.whenFlushed(() => {
      journal.add(change(2));
      journal.whenFlushed(() => (flushed = true));
    });
    journal.withdraw(one);
    await turns();
    expect({ batches: store.batches, flushed }).toEqual({ batches: [[2]], flushed: false });
    store.letGo[0]?.();
    await turns();
    expect(flushed).toBe(true);
    expect(journal.flushed()).toBeUndefined();
  });

  it("calls everybody, and goes on, although somebody throws", async () => {
    const store = new SlowStore();
    const defects: unknown[] = [];
    const onDefect = (error: unknown) => defects.push(error);
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {}, onDefect });
    journal.add(change(1));
    journal.whenFlushed(() => {
      throw new Error("oh");
    });
    let flushed = false;
    void journal.flushed()?.then(() => (flushed = true));
    await turns();
    store.letGo[0]?.();
    await turns();
    expect({ flushed, defects }).toEqual({ flushed: true, defects: [new Error("oh")] });
    journal.add(change(2));
    await turns();
    expect(store.batches).toEqual([[1], [2]]);
  });

  it("gives up at the end, and takes nothing more", async () => {
    const store = new SlowStore();
    const journal = new Journal({ store, clock: new VirtualClock(), onFailure: () => {} });
    journal.add(change(1));
    let flushed = false;
    void journal.flushed()?.then(() => (flushed = true));
    await turns();
    store.letGo[0]?.(new Error("disk full"));
    await turns();
    journal.close();
    await turns();
    expect(flushed).toBe(false);
    journal.add(change(2));
    await turns();
    expect(store.batches).toEqual([[1]]);
  });

  it("is overloaded when 100,000 changes wait", async () => {
    const journal = new Journal({ store: new SlowStore(), clock: new VirtualClock(), onFailure: () => {} });
    journal.add(change(0));
    await turns();
    for (let id = 0; id < 99_999; id++) journal.add(change(id));
    expect(journal.overloaded).toBe(false);
    journal.add(change(0));
    expect(journal.overloaded).toBe(true);
  });
});
