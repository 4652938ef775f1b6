import { createSocket, type Socket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { createAborter } from "../../../src/base/index.ts";
import { nmcliNetwork, ntpTime } from "../../../src/node/index.ts";
import { createStandIn } from "../../support/stand-in.ts";

const { signal } = createAborter();

describe("NetworkManager's networks, by a stand-in for nmcli (real)", () => {
  it("are there when it says that it is connected", async () => {
    using tool = createStandIn("echo connected");
    const network = nmcliNetwork({ tool: tool.path });
    expect(await network.useDefault(signal)).toBe(true);
    expect(tool.calls).toEqual([["--terse", "--fields", "STATE", "general"]]);
  });

  it("are brought up on the device that was named, if they are not", async () => {
    using tool = createStandIn("echo disconnected");
    expect(await nmcliNetwork({ tool: tool.path }).useDefault(signal)).toBe(false);
    expect(await nmcliNetwork({ tool: tool.path, device: "wlan0" }).useDefault(signal)).toBe(true);
    expect(tool.calls.at(-1)).toEqual(["--wait", "15", "device", "connect", "wlan0"]);
    tool.failWith("Error: Device 'wlan0' not found.");
    expect(await nmcliNetwork({ tool: tool.path, device: "wlan0" }).useDefault(signal)).toBe(false);
  });

  it("are joined by name and password, which no shell sees", async () => {
    using tool = createStandIn();
    const network = nmcliNetwork({ tool: tool.path, device: "wlan0" });
    const ssid = "my net; rm -rf $HOME";
    await network.use({ ssid, password: "it's secret" }, signal);
    await network.use({ ssid: "open", password: "" }, signal);
    const begin = ["--wait", "30", "device", "wifi", "connect"];
    expect(tool.calls).toEqual([
      [...begin, ssid, "password", "it's secret", "ifname", "wlan0"],
      [...begin, "open", "ifname", "wlan0"],
    ]);
  });

  it("say why not", async () => {
    using tool = createStandIn();
    tool.failWith("Error: No network with SSID 'x' found.");
    const network = nmcliNetwork({ tool: tool.path });
    await expect(network.use({ ssid: "x", password: "" }, signal)).rejects.toMatchObject({
      code: "link/no-network",
      message: "NetworkManager says: Error: No network with SSID 'x' found.",
    });
    await expect(network.use({ ssid: "", password: "" }, signal)).rejects.toMatchObject({
      code: "link/no-network",
    });
    const missing = nmcliNetwork({ tool: "/nowhere/nmcli" });
    await expect(missing.use({ ssid: "x", password: "" }, signal)).rejects.toThrow("network-manager");
  });
});

describe("the time of a server (real)", () => {
  it("is what it says", async () => {
    await using server = await startTimeServer((answer) => {
      answer[0] = 0x24;
      answer[1] = 2;
      answer.writeUInt32BE(Date.UTC(2026, 0, 1) / 1000 + 2_208_988_800, 40);
      answer.writeUInt32BE(0x8000_0000, 44);
    });
    const time = await ntpTime({ host: "127.0.0.1", port: server.port }).read(signal);
    expect(time).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 1) + 500);
    expect(time).toBeLessThan(Date.UTC(2026, 0, 1) + 2500);
    expect(server.questions[0]?.length).toBe(48);
  });

  it.each([
    ["is too short", (answer: Buffer) => void answer.fill(0), 20],
    ["knows no time itself", (answer: Buffer) => void (answer[0] = 0x24), 48],
    [
      "is before 2016",
      (answer: Buffer) => {
        answer[0] = 0x24;
        answer[1] = 1;
        answer.writeUInt32BE(3_000_000_000, 40);
      },
      48,
    ],
  ])("is none where the answer %s", async (_what, write, length) => {
    await using server = await startTimeServer(write, length);
    await expect(ntpTime({ host: "127.0.0.1", port: server.port }).read(signal)).rejects.toMatchObject({
      code: "link/no-time",
    });
  });

  it("is not waited for without end", async () => {
    await using server = await startTimeServer(() => {}, 0);
    const time = ntpTime({ host: "127.0.0.1", port: server.port, timeoutMs: 50 });
    await expect(time.read(signal)).rejects.toMatchObject({ code: "link/no-time" });
  });
});

/** A time server of a test's own. With a length of 0 it does not answer. */
async function startTimeServer(write: (answer: Buffer) => void, length = 48) {
  const socket: Socket = createSocket("udp4");
  const questions: Buffer[] = [];
  socket.on("message", (question, { port, address }) => {
    questions.push(question);
    if (length === 0) return;
    const answer = Buffer.alloc(48);
    write(answer);
    socket.send(answer.subarray(0, length), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  return {
    port,
    questions,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}
