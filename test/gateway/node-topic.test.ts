import { describe, expect, it } from "vitest";
import { faultOfPublishTopic, faultOfSubscribeFilter } from "../../src/gateway/node-topic.ts";

const levels = (count: number) => Array.from({ length: count }, () => "a").join("/");

describe("faultOfPublishTopic", () => {
  it.each([
    "shed",
    "a//b",
    "/",
    "büro/温度",
    "moteq/shed/light",
    "moteq/bridgehead/x",
    "$aws/things",
    levels(100),
  ])("lets %j pass", (topic) => {
    expect(faultOfPublishTopic(topic, "moteq")).toBeUndefined();
  });

  it.each([
    "",
    "a/+",
    "#",
    "a\0b",
    "a\u0001",
    "a\u007f",
    "a\u0085",
    "a\uffff",
    "a\ufdd0",
    "\ud800",
    levels(101),
  ])("refuses %j, for which a broker may end the connection", (topic) => {
    expect(faultOfPublishTopic(topic, "moteq")).toBe("bad-topic");
  });

  it.each(["$SYS/broker", "moteq/bridge/state", "moteq/bridge", "moteq/shed", "moteq/shed/fate"])(
    "keeps nodes off %s",
    (topic) => {
      expect(faultOfPublishTopic(topic, "moteq")).toBe("reserved-topic");
    },
  );
});

describe("faultOfSubscribeFilter", () => {
  it.each(["shed", "a/+/b", "#", "$SYS/#"])("lets %s pass", (filter) => {
    expect(faultOfSubscribeFilter(filter)).toBeUndefined();
  });

  it.each(["", "a+", "a/#/b", "\u0001/#", levels(101)])("refuses %j", (filter) => {
    expect(faultOfSubscribeFilter(filter)).toBe("bad-topic");
  });

  it("refuses a shared subscription, of which no node would get anything", () => {
    expect(faultOfSubscribeFilter("$share/g/a")).toBe("reserved-topic");
  });
});
