import { describe, expect, it } from "vitest";
import { gatewayErrors, resolveConfig } from "../../src/gateway/index.ts";
import { loadConfig } from "../../src/hub/index.ts";
import { topicErrors } from "../../src/topics/index.ts";

describe("resolveConfig", () => {
  it("has the seed's defaults", () => {
    expect(resolveConfig()).toEqual({
      qlen: 10,
      lpmode: true,
      pub_all: { topic: "allnodes", qos: 1 },
      errors: { topic: "gw_errors", retain: false, qos: 1 },
      status: { topic: "gw_status", retain: false, qos: 0 },
      statreq: { topic: "gw_query", qos: 0 },
      debug: false,
      policies: [],
      fates: true,
      classic: "closed",
      deny: [],
      allow: [],
      homeassistant: false,
      energy: { awake_ma: 80, sending_ma: 170, asleep_ua: 20 },
      dialect: "auto",
      base: "moteq",
      limits: {
        nodes: 1000,
        subscriptions: 50,
        queue_bytes: 65_536,
        uplinks: 1000,
        frames_a_second: 100,
        message_bytes: 16_384,
        replies: 16,
        joins: 256,
        reports: 100,
        sessions: 10_000,
        fates: 1000,
        retained_topics: 10_000,
      },
      nodes: {},
    });
  });

  it("keeps what it is given and completes the rest", () => {
    const config = resolveConfig({
      qlen: 3,
      status: false,
      errors: { topic: "e", qos: 0 },
      statreq: false,
      limits: { nodes: 7 },
      nodes: { "A0:B1:C2:D3:E4:F5": { name: "shed" } },
    });
    expect(config).toMatchObject({
      qlen: 3,
      status: false,
      statreq: false,
      errors: { topic: "e", retain: false, qos: 0 },
      nodes: { a0b1c2d3e4f5: { name: "shed" } },
    });
    expect(config.limits).toMatchObject({ nodes: 7, subscriptions: 50 });
  });

  it("takes what the configuration file gives", () => {
    const { gateway } = loadConfig({ environment: { MOTEQ_GATEWAY_QLEN: "20" } });
    expect(resolveConfig(gateway)).toEqual({ ...resolveConfig(), qlen: 20 });
  });

  it.each([
    [{ qlen: 0 }, "qlen is a whole number from 1 to 1000000, got 0"],
    [{ qlen: 1.5 }, "qlen is a whole number from 1 to 1000000, got 1.5"],
    [{ limits: { replies: 0 } }, "limits.replies is a whole number from 1 to 1000, got 0"],
    [{ nodes: { shed: {} } }, 'nodes are named by their address, 12 hexadecimal digits, got "shed"'],
  ])("refuses %j", (settings, message) => {
    const attempt = () => resolveConfig(settings);
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect(gatewayErrors.is(error, "gateway/bad-setting")).toBe(true);
    }
  });

  it("refuses topics with wildcards", () => {
    for (const settings of [{ base: "a/#" }, { pub_all: { topic: "+" } }, { status: { topic: "" } }]) {
      try {
        resolveConfig(settings);
        expect.unreachable();
      } catch (error) {
        expect(topicErrors.is(error, "topics/bad-name")).toBe(true);
      }
    }
  });
});
