import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const address = "02000000aa01";

describe("what the gateway wants", () => {
  it("is what some node listens to, and never moteq's own tree", async () => {
    await using world = await World.open();
    const wanted = () =>
      ["allnodes", "shed/lamp", "other", "moteq/bridge/nodes"].filter((topic) => world.gateway.wants(topic));
    expect(wanted()).toEqual([]);
    await world.say(address, '["shed/+", 1]');
    expect(wanted()).toEqual(["allnodes", "shed/lamp"]);
    await world.say(address, '["#", 1]');
    expect(wanted()).toEqual(["allnodes", "shed/lamp", "other"]);
    await world.say(address, '["#", null]');
    expect(wanted()).toEqual(["allnodes", "shed/lamp"]);
  });
});
