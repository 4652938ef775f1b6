import { describe, expect, it } from "vitest";
import { probeBroker } from "../../src/node/board/probe.ts";
import { have } from "../support/external.ts";
import { startMosquitto } from "../support/mosquitto.ts";

describe.runIf(have("mosquitto"))("the supervisor's question to the broker (real)", () => {
  it("is answered, or refused with the broker's reason", async () => {
    await using broker = await startMosquitto({ users: { board: "secret" } });
    const access = { url: broker.url, keepaliveSeconds: 60, clientId: "shed", username: "board", tls: {} };
    const refusals: string[] = [];
    const onRefused = (why: string) => void refusals.push(why);
    expect(await probeBroker({ ...access, password: "secret" }, onRefused)).toBe(true);
    expect(refusals).toEqual([]);
    expect(await probeBroker({ ...access, password: "wrong" }, onRefused)).toBe(false);
    expect(refusals.length).toBeGreaterThan(0);
  });
});
