import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const [one, two] = ["020000000001", "020000000002"];

function said(world: World, bound: string): string[] {
  return world.log.filter((line) => line.includes(`limits.${bound}`));
}

describe("a bound at which something is forgotten", () => {
  it("is counted and said once: messages in parts", async () => {
    await using world = await World.open({ config: { limits: { joins: 1 } } });
    const [first, second] = [world.linkNode(one), world.linkNode(two)];
    for (let count = 0; count < 3; count++) {
      await world.until(Promise.all([first, second].map((node) => node.publish("t", "x".repeat(600)))));
      await world.pass(1000);
    }
    const times = world.counters.bounds.joins ?? 0;
    expect(times).toBeGreaterThan(1);
    expect(said(world, "joins")).toHaveLength(1);
  });

  it("is counted and said once: sessions of native nodes", async () => {
    await using world = await World.open({ config: { classic: "closed", limits: { sessions: 1 } } });
    await world.ask("join/open", { code: false });
    const nodes = [world.nativeNode(one), world.nativeNode(two)];
    for (const node of nodes) expect(await world.until(node.join())).toBe("joined");
    for (const node of nodes) expect(await world.until(node.publish("t", "x"))).toBe("stored");
    expect(world.counters.bounds.sessions).toBeGreaterThan(1);
    expect(said(world, "sessions")).toHaveLength(1);
  });

  it("is counted and said once: topics of retained messages", async () => {
    await using world = await World.open({ config: { limits: { retained_topics: 1 } } });
    await world.say(one, '["t/#", 1]');
    for (const topic of ["t/a", "t/b", "t/c"]) await world.publish(topic, "x");
    expect(world.counters.bounds.retained_topics).toBeGreaterThan(1);
    expect(said(world, "retained_topics")).toHaveLength(1);
  });
});
