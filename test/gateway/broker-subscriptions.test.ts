import { describe, expect, it } from "vitest";
import type { BrokerLink, LinkSubscription } from "../../src/gateway/index.ts";
import { BrokerSubscriptions } from "../../src/gateway/broker-subscriptions.ts";

/** A link whose requests are answered when and how the test says. */
class HeldLink implements BrokerLink {
  connected = true;
  readonly requests: string[] = [];
  readonly #open = new Map<string, number>();
  readonly #held: { resolve: () => void; reject: (error: Error) => void }[] = [];

  async publish(): Promise<void> {}

  async subscribe(filter: string, { qos = 0 }: { qos?: number }): Promise<LinkSubscription> {
    this.#open.set(filter, (this.#open.get(filter) ?? 0) + 1);
    const left = () => this.#open.get(filter) ?? 0;
    const unsubscribe = async () => {
      this.#open.set(filter, left() - 1);
      if (left() === 0) await this.#hold(`-${filter}`);
    };
    try {
      await this.#hold(`${filter}:${qos}`);
      return { unsubscribe };
    } catch (error) {
      this.#open.set(filter, left() - 1);
      throw error;
    }
  }

  /** How many subscriptions to a filter there are. */
  countOf(filter: string): number {
    return this.#open.get(filter) ?? 0;
  }

  /** Answers the oldest request that is open. */
  async answer(error?: Error): Promise<void> {
    const request = this.#held.shift();
    if (error) request?.reject(error);
    else request?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  #hold(request: string): Promise<void> {
    this.requests.push(request);
    return new Promise((resolve, reject) => this.#held.push({ resolve, reject }));
  }
}

function start() {
  const link = new HeldLink();
  const told: string[] = [];
  const subscriptions = new BrokerSubscriptions(link, {
    onMade: (filter) => told.push(`made ${filter}`),
    onEnded: (filter) => told.push(`ended ${filter}`),
    onRefused: (filter) => told.push(`refused ${filter}`),
    onLeft: (filter, isLeft) => told.push(`${isLeft ? "left" : "wanted again:"} ${filter}`),
  });
  return { link, told, subscriptions };
}

describe("BrokerSubscriptions", () => {
  it("say that the broker has lost one, and ask again at the next connection", async () => {
    const { link, told, subscriptions } = start();
    subscriptions.want("a", 1);
    await link.answer();
    subscriptions.lost("a");
    subscriptions.lost("nobody's");
    expect(told).toEqual(["made a", "refused a"]);
    expect(link.requests).toEqual(["a:1"]);
    subscriptions.resume();
    expect(link.requests).toEqual(["a:1", "a:1"]);
  });

  it("has one request for a filter under way, and asks once more for all that came meanwhile", async () => {
    const { link, told, subscriptions } = start();
    for (let count = 0; count < 5; count++) subscriptions.want("a", 1);
    expect(link.requests).toEqual(["a:1"]);
    await link.answer();
    expect(link.requests).toEqual(["a:1", "a:1"]);
    await link.answer();
    expect(link.requests).toHaveLength(2);
    expect(told).toEqual(["made a", "made a"]);
    expect(link.countOf("a")).toBe(1);
  });

  it("asks with the highest qos", async () => {
    const { link, subscriptions } = start();
    subscriptions.want("a", 1);
    await link.answer();
    subscriptions.want("a", 2);
    await link.answer();
    subscriptions.want("a", 0);
    expect(link.requests).toEqual(["a:1", "a:2", "a:2"]);
  });

  it("asks nothing while the broker is out, and all that is still wanted when it is back", async () => {
    const { link, subscriptions } = start();
    link.connected = false;
    for (const filter of ["a", "b", "c"]) subscriptions.want(filter, 0);
    subscriptions.drop("b");
    expect([link.requests, subscriptions.size]).toEqual([[], 2]);
    link.connected = true;
    subscriptions.resume();
    expect(link.requests).toEqual(["a:0", "c:0"]);
  });

  it("keeps no trace of filters that come and go during an outage", () => {
    const { link, subscriptions } = start();
    link.connected = false;
    for (let count = 0; count < 10_000; count++) {
      subscriptions.want(`t${count}`, 0);
      subscriptions.drop(`t${count}`);
    }
    expect(subscriptions.size).toBe(0);
  });

  it("ends what was made when nobody wants it, and what was dropped while it was being made", async () => {
    const { link, told, subscriptions } = start();
    subscriptions.want("a", 0);
    subscriptions.drop("a");
    await link.answer();
    await link.answer();
    expect(link.requests).toEqual(["a:0", "-a"]);
    expect(told).toEqual(["left a", "made a", "ended a"]);
    expect(subscriptions.size).toBe(0);
  });

  it("makes anew what was wanted again while it was being ended", async () => {
    const { link, subscriptions } = start();
    subscriptions.want("a", 0);
    await link.answer();
    subscriptions.drop("a");
    subscriptions.want("a", 1);
    await link.answer();
    await link.answer();
    expect(link.requests).toEqual(["a:0", "-a", "a:1"]);
    expect(subscriptions.size).toBe(1);
  });

  it("has at most 32 requests under way", async () => {
    const { link, subscriptions } = start();
    for (let count = 0; count < 100; count++) subscriptions.want(`t${count}`, 0);
    expect(link.requests).toHaveLength(32);
    await link.answer();
    expect(link.requests).toHaveLength(33);
    for (let count = 0; count < 99; count++) await link.answer();
    expect(link.requests).toHaveLength(100);
  });

  it("tells of a refusal, and asks again only when somebody wants it again", async () => {
    const { link, told, subscriptions } = start();
    subscriptions.want("a", 0);
    await link.answer(new Error("no"));
    expect([told, link.requests]).toEqual([["refused a"], ["a:0"]]);
    subscriptions.resume();
    expect(link.requests).toHaveLength(1);
    subscriptions.want("a", 0);
    expect(link.requests).toHaveLength(2);
  });

  it("says nothing after it was closed", async () => {
    const { link, told, subscriptions } = start();
    subscriptions.want("a", 0);
    subscriptions.close();
    await link.answer(new Error("closed"));
    subscriptions.want("b", 0);
    expect([told, link.requests]).toEqual([[], ["a:0"]]);
  });
});
