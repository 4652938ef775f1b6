import { describe, expect, it } from "vitest";
import { GatewayNode, takeToken } from "../../src/gateway/node.ts";

const count = (node: GatewayNode, now: number) => {
  let taken = 0;
  while (takeToken(node, now, 100)) taken++;
  return taken;
};

describe("takeToken", () => {
  it("lets a burst of two seconds' worth pass, then as many a second as allowed", () => {
    const node = new GatewayNode("02000000aa01", 0);
    expect(count(node, 5000)).toBe(200);
    expect(count(node, 5010)).toBe(1);
    expect(count(node, 6010)).toBe(100);
    expect(count(node, 3_600_000)).toBe(200);
  });
});

describe("GatewayNode", () => {
  it("is awake for a minute after it was heard, unless it did not take a frame since", () => {
    const node = new GatewayNode("02000000aa01", 0);
    expect(node.isAwake(0)).toBe(false);
    node.heard(1_795_000_000_000, 1000, -40);
    expect([node.isAwake(1000), node.isAwake(60_999), node.isAwake(61_000)]).toEqual([true, true, false]);
    node.refused = true;
    expect(node.isAwake(2000)).toBe(false);
    node.heard(1_795_000_000_000, 3000, undefined);
    expect([node.isAwake(3000), node.rssi]).toEqual([true, -40]);
  });

  it("is called by its address until somebody names it", () => {
    expect(new GatewayNode("02000000aa01", 0).name).toBe("02000000aa01");
    expect(new GatewayNode("02000000aa01", 0, { name: "shed" }).name).toBe("shed");
  });
});
