import { createSocket, type Socket } from "node:dgram";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createSeededRandom, fromHex, randomInteger, toHex } from "../../src/base/index.ts";
import { UdpRadio } from "../../src/node/index.ts";
import { root } from "../house/imports.ts";

const gatewayAddress = "02006d6f7465";
const nodeAddress = "02006e6f6465";
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function openGateway(): Promise<UdpRadio> {
  const radio = await UdpRadio.open({ address: gatewayAddress });
  open.push(radio);
  return radio;
}

/** A node's end as bare as another language would write it: what it was sent, as hexadecimal. */
async function openPeer(
  port: number,
): Promise<{ socket: Socket; heard: string[]; send(hex: string): void; next(): Promise<string> }> {
  const socket = createSocket("udp4");
  const heard: string[] = [];
  const waiting: ((hex: string) => void)[] = [];
  socket.on("message", (bytes) => {
    const hex = toHex(bytes);
    const waiter = waiting.shift();
    if (waiter) waiter(hex);
    else heard.push(hex);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  open.push({ close: () => new Promise<void>((resolve) => socket.close(() => resolve())) });
  return {
    socket,
    heard,
    send: (hex) => socket.send(fromHex(hex) ?? new Uint8Array(), port, "127.0.0.1"),
    next: () => {
      const first = heard.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
  };
}

/** The datagrams of the page's example. */
const example = [
  ...readFileSync(join(root, "docs/reference/udp-radio.md"), "utf8").matchAll(
    /^ {4}(?:node|gateway) → (?:node|gateway) +((?:[0-9a-f]{2} {1,2})+[0-9a-f]{2})/gm,
  ),
].map(([, hex = ""]) => hex.replaceAll(" ", ""));

describe("the UDP radio (real)", () => {
  it("speaks the bytes of its page", async () => {
    const [publish = "", acknowledged = "", answer = "", taken = ""] = example;
    expect(example).toHaveLength(4);
    const radio = await openGateway();
    const frames: string[] = [];
    radio.listen(({ source, bytes }) => frames.push(source + toHex(bytes)));
    const peer = await openPeer(radio.port);
    peer.send(publish);
    expect(await peer.next()).toBe(acknowledged);
    expect(frames).toEqual([publish]);
    const sent = radio.send(nodeAddress, fromHex(answer.slice(12)) ?? new Uint8Array());
    expect(await peer.next()).toBe(answer);
    peer.send(taken);
    expect(await sent).toBe(true);
  });

  it("says that a frame without acknowledgement was not delivered", async () => {
    const radio = await openGateway();
    const peer = await openPeer(radio.port);
    peer.send(`${nodeAddress}00`);
    await peer.next();
    expect(await radio.send(nodeAddress, new Uint8Array([1]))).toBe(false);
    expect(radio.counters.get("unacknowledged")).toBe(1);
  });

  it("says at once that nobody was heard under an address", async () => {
    const radio = await openGateway();
    expect(await radio.send("020000000009", new Uint8Array([1]))).toBe(false);
  });

  it("has one frame under way to an address at a time", async () => {
    const radio = await openGateway();
    const peer = await openPeer(radio.port);
    peer.send(`${nodeAddress}00`);
    await peer.next();
    const sends = [1, 2, 3].map((byte) => radio.send(nodeAddress, new Uint8Array([byte])));
    for (const byte of ["01", "02", "03"]) {
      expect(await peer.next()).toBe(gatewayAddress + byte);
      expect(peer.heard).toEqual([]);
      peer.send(nodeAddress);
    }
    expect(await Promise.all(sends)).toEqual([true, true, true]);
  });

  it("answers to where an address was heard last", async () => {
    const radio = await openGateway();
    const [before, after] = [await openPeer(radio.port), await openPeer(radio.port)];
    before.send(`${nodeAddress}00`);
    await before.next();
    after.send(`${nodeAddress}00`);
    await after.next();
    const sent = radio.send(nodeAddress, new Uint8Array([7]));
    expect(await after.next()).toBe(`${gatewayAddress}07`);
    after.send(nodeAddress);
    expect([await sent, before.heard]).toEqual([true, []]);
  });

  it("carries frames of two radios of its own kind, and says closed after close", async () => {
    const radio = await openGateway();
    const node = await UdpRadio.open({
      address: nodeAddress,
      gateway: { host: "127.0.0.1", port: radio.port },
    });
    const frames: number[] = [];
    radio.listen(({ bytes }) => frames.push(bytes[0] ?? -1));
    for (let byte = 0; byte < 50; byte++)
      expect(await node.send(gatewayAddress, new Uint8Array([byte]))).toBe(true);
    expect(frames).toEqual(Array.from({ length: 50 }, (_, byte) => byte));
    await expect(node.send(gatewayAddress, new Uint8Array(251))).rejects.toThrow(
      "a frame is 1 to 250 bytes long, got 251",
    );
    await node.close();
    await node.close();
    await expect(node.send(gatewayAddress, new Uint8Array([1]))).rejects.toMatchObject({
      code: "radio/closed",
    });
  });

  it("counts what is no frame, and lives on", async () => {
    const seed = 7;
    const random = createSeededRandom(seed);
    const radio = await openGateway();
    let heard = 0;
    radio.listen(() => heard++);
    const peer = await openPeer(radio.port);
    for (const length of [0, 1, 5, 1477]) peer.send("00".repeat(length));
    for (let count = 0; count < 200; count++) {
      peer.send(
        toHex(
          Uint8Array.from({ length: randomInteger(random, 7, 1476) }, () => randomInteger(random, 0, 255)),
        ),
      );
      await peer.next();
    }
    expect([radio.counters.get("malformed"), heard]).toEqual([4, 200]);
  });

  it("says that its port is taken, and what address it cannot have", async () => {
    const radio = await openGateway();
    await expect(UdpRadio.open({ address: nodeAddress, bind: { port: radio.port } })).rejects.toMatchObject({
      code: "udp-radio/port-busy",
    });
    await expect(UdpRadio.open({ address: nodeAddress, bind: { host: "192.0.2.1" } })).rejects.toMatchObject({
      code: "udp-radio/cannot-bind",
    });
    await expect(UdpRadio.open({ address: "somebody" })).rejects.toMatchObject({ code: "radio/bad-address" });
  });
});
