import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, type Random, randomInteger, sleep } from "../../src/base/index.ts";
import { decodeDongleReport, encodeDongleRequest, SerialConnection } from "../../src/wire/index.ts";
import { DongleWorld } from "./dongle-world.ts";
import { frameOf, numberOf, pullOften } from "./pulls.ts";

const seed = Number(process.env["MOTEQ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const nodeAddress = "02000000bb01";

/** What happens to one byte. */
type Damage = (byte: number, random: Random) => number[];

const damages: Record<string, Damage> = {
  "bits flipped": (byte, random) => [byte ^ (1 << Math.floor(random.next() * 8))],
  "bytes lost": () => [],
  "bytes doubled": (byte) => [byte, byte],
};

/** Does something to one byte in a thousand. */
function damage(bytes: Uint8Array, how: Damage, random: Random): Uint8Array {
  return Uint8Array.from([...bytes].flatMap((byte) => (random.next() < 0.001 ? how(byte, random) : [byte])));
}

/** A node that takes everything, and a list of what it heard. */
function joinNode(dongle: DongleWorld) {
  const node = dongle.world.air.join({ address: nodeAddress });
  const heard: string[] = [];
  node.listen(({ bytes }) => heard.push(decodeUtf8(bytes) ?? "damaged"));
  return { node, heard };
}

describe(`a dongle's line that damages one byte in a thousand (MOTEQ_SEED=${seed})`, () => {
  it.each(Object.entries(damages))(
    "brings everything once, in order and whole: %s",
    async (_name, how) => {
      const random = createSeededRandom(seed);
      let isDamaging = false;
      await using dongle = new DongleWorld({
        onArrival: (bytes) => [isDamaging ? damage(bytes, how, random) : bytes],
      });
      const { clock } = dongle.world;
      const radio = await dongle.openRadio();
      const { node, heard } = joinNode(dongle);
      const up: string[] = [];
      radio.listen(({ bytes }) => up.push(decodeUtf8(bytes) ?? "damaged"));
      isDamaging = true;
      const numbers = Array.from({ length: 60 }, (_, index) => index);
      const sending = async () => {
        for (const number of numbers) expect(await radio.send(nodeAddress, frameOf(number))).toBe(true);
      };
      const hearing = async () => {
        for (const number of numbers) {
          expect(await node.send(radio.address, frameOf(number))).toBe(true);
          await sleep(clock, 20);
        }
      };
      await clock.runUntil(Promise.all([sending(), hearing()]));
      await clock.advance(2000);
      expect(heard.map(numberOf)).toEqual(numbers);
      expect(up.map(numberOf)).toEqual(numbers);
      expect(dongle.said).toEqual([]);
      isDamaging = false;
      expect((await clock.runUntil(radio.statistics()))?.serialFaults).toBeGreaterThan(0);
    },
    30_000,
  );
});

describe(`a dongle whose host talks nonsense (MOTEQ_SEED=${seed})`, () => {
  it("lives on, whatever the messages are", async () => {
    const random = createSeededRandom(seed);
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const told: unknown[] = [];
    const port = await dongle.openPort();
    await clock.advance(1000);
    const connection = new SerialConnection({
      port,
      clock,
      random,
      about: "nonsense",
      pollMs: 250,
      onUp: () => {},
      onMessage: (message) => told.push(decodeDongleReport(message)?.type),
    });
    await clock.advance(1000);
    expect(connection.isUp).toBe(true);
    for (let count = 0; count < 300; count++) {
      const message = Uint8Array.from({ length: randomInteger(random, 0, 30) }, () =>
        randomInteger(random, 0, 255),
      );
      // What it knows, and what it does not; but it shall not restart.
      if (message.length > 0) message[0] = [0, 1, 2, 3, 5, 200][randomInteger(random, 0, 5)] ?? 0;
      connection.send(message);
      await clock.advance(20);
    }
    await clock.advance(10_000);
    told.length = 0;
    connection.send(encodeDongleRequest({ type: "count" }));
    await clock.advance(1000);
    expect(told).toEqual(["statistics"]);
    expect(dongle.board.boots).toBe(1);
    connection.close();
  });
});

describe(`a dongle that is pulled again and again (MOTEQ_SEED=${seed})`, () => {
  it("loses nothing that was acknowledged, and doubles nothing: 10 times under load", async () => {
    await pullOften(10, seed);
  });
});
