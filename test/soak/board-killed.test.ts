import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createSeededRandom, type Random, randomInteger } from "../../src/base/index.ts";
import { connect, systemClock, systemCryptography } from "../../src/node/index.ts";
import { openBoard, type RemoteBoard } from "../../src/remote/index.ts";
import { type CliProcess, startCli } from "../support/cli-process.ts";
import { have } from "../support/external.ts";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.ts";

// SOAK_ROUNDS=500 does it as often as the measurements say, 500 kills and 100 updates. A round starts processes: it takes
// one to five seconds.
const rounds = Number(process.env["SOAK_ROUNDS"] ?? 15);
const updates = Math.max(3, Math.round(rounds / 5));
/** How long all rounds of one kind may take, in milliseconds. */
const allowedMs = 120_000 + 20_000 * rounds;
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
/** How long the board's watchdog waits, in milliseconds: a busy machine takes some seconds to start two processes. */
const watchdogMs = 16_000;

/** A broker behind a line that can be cut, a board on it, and somebody who drives it. */
class KillWorld implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moteq-killed-"));
  readonly broker: Mosquitto;
  /** The broker's address behind the line. */
  readonly url: string;
  board: CliProcess | undefined;
  readonly #cut: () => void;
  readonly #closeLine: () => Promise<void>;

  private constructor(
    broker: Mosquitto,
    port: number,
    timeoutMs: number,
    cut: () => void,
    closeLine: () => Promise<void>,
  ) {
    this.broker = broker;
    this.url = `mqtt://127.0.0.1:${port}`;
    this.#cut = cut;
    this.#closeLine = closeLine;
    const watchdog = `{ timeout: ${timeoutMs / 1000}, confirm: 0.2 }`;
    writeFileSync(
      join(this.folder, "board.yaml"),
      `board: { data: data, name: soak, watchdog: ${watchdog} }\n`,
    );
    this.startBoard();
  }

  static async start(timeoutMs = watchdogMs): Promise<KillWorld> {
    const broker = await startMosquitto();
    const port = await freePort();
    const sockets = new Set<Socket>();
    const line = createServer((near) => {
      const far = connectSocket(broker.port, "127.0.0.1");
      for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
        sockets.add(socket);
        socket.setNoDelay(true);
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => line.listen(port, "127.0.0.1", resolve));
    const cut = () => {
      for (const socket of sockets) socket.destroy();
    };
    return new KillWorld(broker, port, timeoutMs, cut, () => {
      cut();
      return new Promise((resolve) => line.close(() => resolve()));
    });
  }

  startBoard(): void {
    const environment = { MOTEQ_BROKER_URL: this.url };
    this.board = startCli(this.folder, ["board", "run", "--config", "board.yaml"], { environment });
  }

  /** Does something bad, and what somebody or something would do about it. */
  async strike(random: Random): Promise<string> {
    switch (randomInteger(random, 0, 3)) {
      case 0: {
        // As a power cut, or the system's killer of processes, after which the system starts it again.
        this.board?.child.kill("SIGKILL");
        await this.board?.exit;
        this.startBoard();
        return "the supervisor was killed";
      }
      case 1: {
        await this.drive(async (board) => {
          await board.evaluate("process.kill(process.pid, 'SIGKILL')").catch(() => {});
        }, 300).catch(() => {});
        return "the agent was killed";
      }
      case 2:
        await this.broker.kill();
        await this.broker.start();
        return "the broker was killed";
      default:
        this.#cut();
        return "the line was cut";
    }
  }

  async drive<T>(work: (board: RemoteBoard) => Promise<T>, timeoutMs: number): Promise<T> {
    const client = connect(this.url, { backoff: { minimumMs: 20, maximumMs: 100 } });
    try {
      const services = { client, clock: systemClock, cryptography: systemCryptography };
      return await work(await openBoard({ ...services, base: "board/mqb", timeoutMs, dialect: "native" }));
    } finally {
      await client.close();
    }
  }

  /** How long it takes until the board does something again, in milliseconds. */
  async untilManageable(limitMs: number): Promise<number> {
    const start = Date.now();
    for (;;) {
      try {
        // What is asked before the agent listens is lost: better to ask often than to wait long.
        await this.drive((board) => board.evaluate("1"), 400);
        return Date.now() - start;
      } catch (error) {
        if (Date.now() - start > limitMs) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.board?.child.kill("SIGINT");
    await this.board?.exit;
    await this.#closeLine();
    await this.broker[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe.runIf(have("mosquitto"))(`a board, struck at random (real; seed ${seed})`, () => {
  it(
    "is manageable again within the watchdog's time, whatever was killed when",
    async () => {
      await using world = await KillWorld.start();
      const random = createSeededRandom(seed);
      await world.untilManageable(10_000);
      const spans: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const what = await world.strike(random);
        const span = await world.untilManageable(2 * watchdogMs);
        spans.push(span);
        const state = `round ${round}: ${what}: ${span} ms\n${world.board?.out().slice(-1500)}`;
        expect([span < watchdogMs, state]).toEqual([true, state]);
        // Sometimes while it boots, sometimes when it has been confirmed for long.
        await delay(random.next() < 0.1 ? 3000 : randomInteger(random, 0, 800));
        if ((round + 1) % 25 === 0) console.log(`${round + 1} kills, at most ${Math.max(...spans)} ms`);
      }
      console.log(`${rounds} kills: manageable again after ${Math.max(...spans)} ms at the most`);
    },
    allowedMs,
  );

  it(
    "gets its new image although the update is interrupted, and nothing is sent twice as a whole",
    async () => {
      await using world = await KillWorld.start();
      const random = createSeededRandom(seed + 1);
      await world.untilManageable(10_000);
      const partBytes = 16_384;
      let mostParts = 0;
      for (let round = 0; round < updates; round++) {
        const code = `import { runAgent } from "moteq/node";\nawait runAgent(); // ${round}\n`;
        const image = Buffer.from(`${code}/*${"x".repeat(4_000_000)}*/\n`);
        const sha256 = createHash("sha256").update(image).digest("hex");
        let parts = 0;
        let isDone = false;
        const update = async () => {
          for (let attempt = 0; !isDone && attempt < 20; attempt++) {
            const client = connect(world.url, { backoff: { minimumMs: 20, maximumMs: 100 } });
            const counted = {
              subscribe: client.subscribe.bind(client),
              publish: (...all: Parameters<typeof client.publish>) => {
                if (all[0].includes("/part/")) parts++;
                return client.publish(...all);
              },
            };
            try {
              const services = { client: counted, clock: systemClock, cryptography: systemCryptography };
              const board = await openBoard({
                ...services,
                base: "board/mqb",
                timeoutMs: 10_000,
                dialect: "native",
              });
              await board.update(image);
              isDone = true;
            } catch {
              // As a person would: once more.
            } finally {
              await client.close();
            }
          }
        };
        const updating = update();
        await delay(randomInteger(random, 0, 300));
        const what = await world.strike(random);
        await updating;
        const state = `round ${round}: ${what}, ${parts} parts`;
        // It may have been struck again in its first boots: a new image has two of them.
        const deadline = Date.now() + 30_000;
        for (;;) {
          const info = await world.drive((board) => board.info(), 2000).catch(() => {});
          if (info?.image === sha256 && info.confirmed) break;
          if (Date.now() > deadline) throw new Error(`${state}: ${JSON.stringify(info)}`);
          if (info && info.image !== sha256 && info.note?.includes("went back")) {
            await world.drive((board) => board.update(image), 10_000).catch(() => {});
          }
          await delay(100);
        }
        const whole = Math.ceil(image.length / partBytes);
        mostParts = Math.max(mostParts, parts / whole);
        expect([parts < 2 * whole, state]).toEqual([true, state]);
        if ((round + 1) % 10 === 0)
          console.log(`${round + 1} updates, at most ${mostParts.toFixed(2)} times`);
      }
      console.log(`${updates} updates: at most ${mostParts.toFixed(2)} times the image was sent`);
    },
    allowedMs,
  );
});

describe.runIf(have("mosquitto"))("a broker that is away for longer than the watchdog's time (real)", () => {
  it("leaves the board as it is: no restart, no safe mode", async () => {
    const shortMs = 10_000;
    await using world = await KillWorld.start(shortMs);
    await world.untilManageable(10_000);
    await expect
      .poll(() => world.drive((board) => board.info(), 2000), { timeout: 20_000 })
      .toMatchObject({ confirmed: true });
    const before = await world.drive((board) => board.info(), 2000);
    await world.broker.stop();
    await delay(2.5 * shortMs);
    await world.broker.start();
    await world.untilManageable(10_000);
    const after = await world.drive((board) => board.info(), 2000);
    expect(after).toMatchObject({ mode: "normal", session: before.session });
    expect(await world.drive((board) => board.crashes(), 2000)).toEqual([]);
  }, 120_000);
});
