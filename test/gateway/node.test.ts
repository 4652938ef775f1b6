import { describe, expect, it } from "vitest";
import { GatewayNode } from "../../src/gateway/node.ts";
import { NodeContact, takeToken } from "../../src/gateway/node-contact.ts";

const count = (node: NodeContact, now: number) => {
  let taken = 0;
  while (takeToken(node, now, 100)) taken++;
  return taken;
};

describe("takeToken", () => {
  it("lets a burst of two seconds' worth pass, then as many a second as allowed", () => {
    const node = new NodeContact();
    expect(count(node, 5000)).toBe(200);
    expect(count(node, 5010)).toBe(1);
    expect(count(node, 6010)).toBe(100);
    expect(count(node, 3_600_000)).toBe(200);
  });
});

describe("GatewayNode", () => {
  it("is awake for a minute after it was heard, unless it did not take a frame since", () => {
    const node = new GatewayNode("02000000aa01");
    expect(node.isAwake(0)).toBe(false);
    node.heard(1_795_000_000_000, 1000, -40);
    expect([node.isAwake(1000), node.isAwake(60_999), node.isAwake(61_000)]).toEqual([true, true, false]);
    node.contact.refused = true;
    expect(node.isAwake(2000)).toBe(false);
    node.heard(1_795_000_000_000, 3000, undefined);
    expect([node.isAwake(3000), node.rssi]).toEqual([true, -40]);
  });

  it("keeps, when it has fallen asleep, what is known of it but not what was under way", () => {
    const node = new GatewayNode("02000000aa01");
    node.heard(1_795_000_000_000, 1000, -40);
    node.contact.serving = true;
    node.rest();
    expect(node.contact.serving).toBe(true);
    node.contact.serving = false;
    node.rest();
    expect([node.isAwake(1000), node.rssi, node.lastSeen]).toEqual([false, -40, 1_795_000_000_000]);
  });

  it("is called by its address until somebody names it", () => {
    expect(new GatewayNode("02000000aa01").name).toBe("02000000aa01");
    expect(new GatewayNode("02000000aa01", { name: "shed" }).name).toBe("shed");
  });
});
