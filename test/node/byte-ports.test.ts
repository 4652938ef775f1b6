import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWebSocketStream, WebSocket, WebSocketServer } from "ws";
import type { BytePort, OpenBytePort } from "../../src/base/index.ts";
import { createAborter } from "../../src/base/index.ts";
import { connect, openWebSocket, type WebSocketLike } from "../../src/mqtt/index.ts";
import { systemClock, systemRandom, tcp, tls, webSocket } from "../../src/node/index.ts";
import { type ConnectedPorts, PortRecorder, testBytePorts } from "../support/byte-port-conformance.ts";
import { testCertificate } from "../support/certificate.ts";
import { createMemoryBroker } from "../support/memory-broker.ts";
import { freePort } from "../support/mosquitto.ts";

/** Joins what a test opens to what arrives at the server, as byte ports: two clients with a relay between them. */
function createMeetingPoint() {
  const waiting: NodeJS.ReadWriteStream[] = [];
  return {
    /** The first connection waits for the second; then each gets what the other sends. */
    meet: (stream: NodeJS.ReadWriteStream & { destroy(): unknown }) => {
      stream.on("error", () => {});
      const other = waiting.shift();
      if (!other) {
        waiting.push(stream);
        return;
      }
      stream.pipe(other);
      other.pipe(stream);
      for (const [one, two] of [
        [stream, other],
        [other as typeof stream, stream],
      ] as const) {
        one.on("close", () => two.end());
      }
    },
  };
}

async function connectTwo(open: OpenBytePort): Promise<ConnectedPorts> {
  const near = await open({});
  const far = await open({});
  return {
    near,
    far,
    [Symbol.asyncDispose]: () => {
      near.close("abort");
      far.close("abort");
      return Promise.resolve();
    },
  };
}

const { meet } = createMeetingPoint();
let server: Server;
let url: string;
let port: number;

async function listen(created: Server): Promise<number> {
  server = created.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server has a port");
  return address.port;
}

describe("TCP (real)", () => {
  beforeAll(async () => {
    port = await listen(createServer((socket) => meet(socket)));
  });
  afterAll(() => void server.close());

  testBytePorts(() => connectTwo(tcp({ host: "127.0.0.1", port })));

  it("says why a connection cannot be opened", async () => {
    const nobody = tcp({ host: "127.0.0.1", port: await freePort() });
    await expect(nobody({})).rejects.toThrow(/ECONNREFUSED/);
  });

  it("stops opening when it is aborted", async () => {
    const { signal, abort } = createAborter();
    // An address for documentation: nobody answers there (RFC 5737).
    const opening = tcp({ host: "192.0.2.1", port: 1883 })({ signal });
    abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });

  it("tells of an error when the other side resets the connection", async () => {
    const accepted: Socket[] = [];
    const rude = createServer((socket) => accepted.push(socket)).listen(0, "127.0.0.1");
    await once(rude, "listening");
    const near = await tcp({ host: "127.0.0.1", port: (rude.address() as { port: number }).port })({});
    const recorder = new PortRecorder(near);
    if (accepted.length === 0) await once(rude, "connection");
    accepted[0]?.resetAndDestroy();
    await recorder.until(() => recorder.closed.length > 0);
    expect(recorder.closed[0]?.error?.message).toMatch(/ECONNRESET/);
    rude.close();
  });
});

describe("TLS (real)", () => {
  beforeAll(async () => {
    const { cert, key } = testCertificate;
    port = await listen(createTlsServer({ cert, key }, (socket) => meet(socket)));
  });
  afterAll(() => void server.close());

  testBytePorts(() => connectTwo(tls({ host: "127.0.0.1", port, ca: testCertificate.cert })));

  it("does not open to whom it does not trust, unless told to", async () => {
    await expect(tls({ host: "127.0.0.1", port })({})).rejects.toThrow(/self-signed certificate/);
    const trusting: BytePort = await tls({ host: "127.0.0.1", port, rejectUnauthorized: false })({});
    trusting.close("abort");
  });
});

describe("WebSocket (real)", () => {
  let sockets: WebSocketServer;
  beforeAll(async () => {
    sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    sockets.on("connection", (socket) => meet(createWebSocketStream(socket)));
    await once(sockets, "listening");
    url = `ws://127.0.0.1:${(sockets.address() as { port: number }).port}`;
  });
  afterAll(() => {
    sockets.close();
  });

  testBytePorts(() => connectTwo(webSocket({ url })));

  it("says why a connection cannot be opened", async () => {
    await expect(webSocket({ url: `ws://127.0.0.1:${await freePort()}` })({})).rejects.toThrow(
      /ECONNREFUSED/,
    );
  });

  it("closes with an error when text comes where bytes should", async () => {
    const talker = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    talker.on("connection", (socket) => socket.send("hello"));
    await once(talker, "listening");
    const opened = await webSocket({ url: `ws://127.0.0.1:${(talker.address() as { port: number }).port}` })(
      {},
    );
    const recorder = new PortRecorder(opened);
    await recorder.until(() => recorder.closed.length > 0);
    expect(recorder.closed[0]?.error?.message).toMatch(/text where bytes/);
    expect(recorder.pieces).toEqual([]);
    talker.close();
  });
});

const openAt = (where: string) =>
  openWebSocket(() => new WebSocket(where, "mqtt") as WebSocketLike, systemClock);

describe("the browser's WebSocket, as `ws` has it (real)", () => {
  let sockets: WebSocketServer;
  beforeAll(async () => {
    sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    sockets.on("connection", (socket) => meet(createWebSocketStream(socket)));
    await once(sockets, "listening");
    url = `ws://127.0.0.1:${(sockets.address() as { port: number }).port}`;
  });
  afterAll(() => {
    sockets.close();
  });

  testBytePorts(() => connectTwo(openAt(url)), false);

  it("says when a connection cannot be opened, and stops when it is aborted", async () => {
    const nobody = `ws://127.0.0.1:${await freePort()}`;
    await expect(openAt(nobody)({})).rejects.toThrow("could not be opened");
    const { signal, abort } = createAborter();
    const opening = openAt(nobody)({ signal });
    abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });

  it("carries a client of moteq's broker", async () => {
    const broker = await createMemoryBroker();
    const gate = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    gate.on("connection", (socket) => broker.aedes.handle(createWebSocketStream(socket)));
    await once(gate, "listening");
    const client = connect({
      open: openAt(`ws://127.0.0.1:${(gate.address() as { port: number }).port}`),
      clock: systemClock,
      random: systemRandom,
    });
    const payload = new Uint8Array(200_000).fill(7);
    const arrived = new Promise<Uint8Array>((resolve, reject) => {
      client.subscribe("t", { qos: 2 }, (message) => resolve(message.payload)).catch(reject);
    });
    await client.publish("t", payload, { qos: 2 });
    expect((await arrived).length).toBe(payload.length);
    await client.close();
    gate.close();
    await broker[Symbol.asyncDispose]();
  });
});
