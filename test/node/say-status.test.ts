import { describe, expect, it } from "vitest";
import { sayStatus } from "../../src/node/index.ts";
import { mqttErrors } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

const url = "mqtt://b";
const lost = mqttErrors.create("mqtt/connection-lost", "the broker closed the connection");
const refused = mqttErrors.create("mqtt/refused", "not authorized");
const unreachable = mqttErrors.create("mqtt/unreachable", "ECONNREFUSED");

function listen() {
  const clock = new VirtualClock();
  const said: string[] = [];
  const status = sayStatus(url, (_level, text) => said.push(text), { clock });
  return {
    clock,
    said,
    status,
    down: (error: typeof lost) => status({ type: "disconnected", error, retryInMs: 1 }),
  };
}

describe("what is said of the broker", () => {
  it("says each trouble once, by what it is", () => {
    const { said, down, status } = listen();
    for (const error of [unreachable, unreachable, refused, refused]) down(error);
    status({ type: "connected", sessionPresent: false });
    expect(said).toEqual([
      "no broker at mqtt://b: ECONNREFUSED; trying again until it answers",
      "the broker at mqtt://b refuses this client: not authorized. Check user and password; trying again until it accepts",
      "connected to the broker at mqtt://b",
    ]);
  });

  it("names no password of the URL, and what to do about another client with the same id", async () => {
    const clock = new VirtualClock();
    const said: string[] = [];
    const options = { clock, advice: "give each board its own" };
    const status = sayStatus("mqtt://shed:s@cr:et@b:1883", (_level, text) => said.push(text), options);
    for (let round = 0; round < 3; round++) {
      status({ type: "connected", sessionPresent: true });
      await clock.advance(500);
      status({ type: "disconnected", error: lost, retryInMs: 1 });
    }
    expect(said[0]).toBe("connected to the broker at mqtt://b:1883");
    expect(said.at(-1)).toMatch(/the same id: give each board its own$/);
    expect(said.join("\n")).not.toContain("shed");
  });

  it("asks for TLS where a connection ends before the broker has accepted one", () => {
    const { said, down, status } = listen();
    down(lost);
    status({ type: "connected", sessionPresent: false });
    down(lost);
    expect(said).toEqual([
      "the broker at mqtt://b is gone: the broker closed the connection; trying again until it answers. Does it take TLS only (mqtts://b)?",
      "connected to the broker at mqtt://b",
      "the broker at mqtt://b is gone: the broker closed the connection; trying again until it answers",
    ]);
  });

  it("suspects nobody else when a connection ends again and again because of what came", async () => {
    const { clock, said, down, status } = listen();
    const tooLong = mqttErrors.create("mqtt/protocol", "a packet of 300000 bytes");
    for (let round = 0; round < 10; round++) {
      status({ type: "connected", sessionPresent: true });
      await clock.advance(500);
      down(tooLong);
    }
    expect(said.join("\n")).not.toContain("another client");
    expect(said.at(-1)).toContain("a packet of 300000 bytes");
  });

  it("says what it is when the connection is taken away again and again, and then no more", async () => {
    const { clock, said, down, status } = listen();
    for (let round = 0; round < 10; round++) {
      status({ type: "connected", sessionPresent: true });
      await clock.advance(500);
      down(lost);
    }
    expect(said).toHaveLength(6);
    expect(said.at(-1)).toContain("another client has the same id");
    // Much later it is an ordinary trouble again.
    status({ type: "connected", sessionPresent: true });
    await clock.advance(60_000);
    down(lost);
    expect(said.at(-1)).toContain("the broker at mqtt://b is gone");
  });
});
