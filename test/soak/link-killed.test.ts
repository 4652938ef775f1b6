import { describe, expect, it } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { Programs } from "../support/command.ts";
import { freePort } from "../support/mosquitto.ts";

describe("moteq modem, killed (real)", () => {
  it("is found again by its host when another takes its place, and subscriptions hold", async () => {
    await using programs = new Programs();
    const port = await freePort();
    const url = `mqtt://127.0.0.1:${port}`;
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
    const client = connect(url);
    const line = `127.0.0.1:${await freePort()}`;
    const modem = ["modem", "--wire", `listen:${line}`, "--broker", url];
    const first = programs.moteq(...modem);
    const host = programs.moteq("host", "--wire", `tcp:${line}`, "sub", "green", "-v", "-C", "2");
    const send = setInterval(() => void client.publish("green", "on", { qos: 1, retain: true }), 200);
    while (!host.out().includes("green on")) {
      await new Promise((resolve) => host.child.stdout?.once("data", resolve));
    }
    first.child.kill("SIGKILL");
    await first.exit;
    programs.moteq(...modem);
    expect(await host.exit).toBe(0);
    clearInterval(send);
    expect(host.out()).toBe("green on\ngreen on\n");
    expect(host.err()).toContain("trying again");
    await client.close();
    await broker.close();
  }, 60_000);
});
