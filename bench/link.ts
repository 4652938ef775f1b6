import { type BytePort, createSeededRandom, encodeUtf8 } from "moteq/base";
import { FiveWire, Modem, type ModemOptions, MqttLink, SerialWire, systemNetwork } from "moteq/link";
import { connect } from "moteq/mqtt";
import { openBrokerUrl, systemClock, systemRandom, systemTime } from "moteq/node";
import { createBytePortPair, createFiveLines, VirtualClock } from "moteq/virtual";
import { measure, type Run, startBroker, window } from "./load.js";
import { type Benchmark, inTurns, type Measurement, summarize } from "./measurement.js";

const messages = 50_000;
const rounds = 7;
const payload = encodeUtf8("x".repeat(200));

/** What the host of a link costs on its wire, and what the way through it costs against publishing directly. */
export const link: Benchmark = {
  name: "link",
  description: "bytes on the serial wire, messages a second over a pair in memory, edges on five wires",
  async run(progress) {
    const broker = await startBroker();
    try {
      progress(`QoS 1, ${rounds} rounds of ${messages} messages`);
      const bytes = { carried: 0 };
      await measureLink(broker.url, bytes);
      bytes.carried = 0;
      const { ours, peer } = await inTurns(
        rounds,
        () => measureLink(broker.url, bytes),
        () => measureDirect(broker.url),
      );
      const share = (rounds * messages * payload.length) / bytes.carried;
      progress("five wires");
      const results: Measurement[] = [
        summarize("payload ÷ bytes on the serial wire, 200-byte messages", "", [share], undefined, {
          of: "ours",
          atLeast: 0.9,
        }),
        summarize(
          "messages through the link, QoS 1",
          "1/s",
          ours.map(({ rate }) => rate),
          peer.map(({ rate }) => rate),
          { of: "ratio", atLeast: 0.5 },
        ),
        summarize("edges a character on five wires, each way", "", [await measureEdges()], undefined, {
          of: "ours",
          atMost: 7,
        }),
      ];
      return results;
    } finally {
      broker.stop();
    }
  },
};

async function measureDirect(url: string): Promise<Run> {
  const client = connect(url, { offlineLimit: 2 * window });
  await client.ready();
  const run = await measure(messages, (done) => {
    void client.publish("result", payload, { qos: 1 }).finally(done);
  });
  await client.close();
  return run;
}

async function measureLink(url: string, bytes: { carried: number }): Promise<Run> {
  const pair = createBytePortPair({
    bufferBytes: 1_048_576,
    onArrival: (piece, at) => {
      if (at === "right") bytes.carried += piece.length;
      return [piece];
    },
  });
  const modem = new Modem({
    ...modemParts,
    wire: wireOver(pair.right),
    openBroker: () => ({ open: openBrokerUrl(url) }),
  });
  modem.start();
  let start!: () => void;
  const running = new Promise<void>((resolve) => (start = resolve));
  const host = new MqttLink({
    wire: wireOver(pair.left),
    clock: systemClock,
    random: systemRandom,
    queueLimit: 2 * window,
    userStart: start,
  });
  host.start();
  await running;
  const run = await measure(
    messages,
    (done) => void host.publish("result", payload, { qos: 1, onDone: done }),
  );
  await host.close();
  await modem.close();
  return run;
}

function wireOver(port: BytePort): SerialWire {
  return new SerialWire({
    open: () => Promise.resolve(port),
    clock: systemClock,
    random: systemRandom,
    window: 64,
    queueBytes: 1_048_576,
  });
}

const modemParts: Pick<ModemOptions, "clock" | "random" | "network" | "time" | "readMemory"> = {
  clock: systemClock,
  random: systemRandom,
  network: systemNetwork,
  time: systemTime,
  readMemory: () => ({ free: 0, allocated: 0 }),
};

/** Edges of the host's clock for each character of a queue of strings, zeros between them included. */
async function measureEdges(): Promise<number> {
  const clock = new VirtualClock();
  const lines = createFiveLines({ clock, random: createSeededRandom(1) });
  const strings = Array.from({ length: 20 }, () => "p\u007fresult\u007f21.5\u007f0\u007f1");
  let arrived = 0;
  let firstEdge = 0;
  let lastEdge = 0;
  const modem = new FiveWire({ role: "modem", lines: lines.modem, clock });
  modem.start({ ...nothing, onMessage: () => void (lastEdge = ++arrived && lines.edges.host) });
  const host = new FiveWire({ role: "host", lines: lines.host, clock });
  host.start({
    ...nothing,
    onUp: () => {
      firstEdge = lines.edges.host;
      for (const text of strings) host.send(encodeUtf8(text));
    },
  });
  await clock.advance(20_000);
  host.close();
  modem.close();
  const characters = strings.reduce((sum, text) => sum + text.length + 1, 0);
  // Two edges are the last bit of the synchronisation and the one after the last character.
  return arrived === strings.length ? (lastEdge - firstEdge - 2) / characters : Number.NaN;
}

const nothing = { onUp() {}, onDown() {}, onMessage() {}, onWritable() {} };
