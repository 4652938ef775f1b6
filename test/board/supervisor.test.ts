import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { decodeUtf8 } from "../../src/base/index.ts";
import { freshRecord } from "../../src/board/index.ts";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import {
  type BoardConfig,
  type BoardSupervisor,
  connect,
  systemClock,
  systemCryptography,
} from "../../src/node/index.ts";
import { openBoard, type RemoteBoard } from "../../src/remote/index.ts";
import { root } from "../house/imports.ts";
import { freePort } from "../support/mosquitto.ts";

/** As built: what it starts is a program beside it. */
const { BoardSupervisor: Supervisor } = (await import(join(root, "dist/node/board/supervisor.js"))) as {
  readonly BoardSupervisor: typeof BoardSupervisor;
};

/** A board with short times, its broker, and somebody who drives it. */
class World implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moteq-supervisor-"));
  readonly data = join(this.folder, "data");
  printed = "";
  #supervisor: BoardSupervisor | undefined;
  readonly #broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;

  private constructor(broker: Awaited<ReturnType<typeof startEmbeddedBroker>>) {
    this.#broker = broker;
  }

  static async open(): Promise<World> {
    return new World(await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() }));
  }

  /** @param hangMs how long the agent may hang; a busy machine takes seconds to start one */
  async start(hangMs: number, timeoutMs: number): Promise<void> {
    const config: BoardConfig = {
      name: "board",
      prefix: "board",
      version: "0",
      data: this.data,
      root: join(this.folder, "files"),
      modulesFrom: this.folder,
      broker: { url: this.#broker.url, keepaliveSeconds: 30, clientId: "board", tls: {} },
      trusted: [],
      modules: {},
      safeModules: [],
      log: { console: "info", mqtt: "warning" },
      watchdog: {
        timeoutMs,
        confirmMs: 100,
        hangMs,
        failedBoots: 1,
        trialBoots: 2,
        // What is looked at stays.
        revert: false,
        device: undefined,
      },
    };
    this.#supervisor = await Supervisor.start(config, (text) => (this.printed += text));
  }

  /** @param timeoutMs how long the board may be silent; where it is asked again it need not be long */
  async drive<T>(work: (board: RemoteBoard) => Promise<T>, timeoutMs = 60_000): Promise<T> {
    const client = connect(this.#broker.url);
    try {
      const services = { client, clock: systemClock, cryptography: systemCryptography };
      const board = await openBoard({ ...services, base: "board/mqb", timeoutMs, dialect: "native" });
      return await work(board);
    } finally {
      await client.close();
    }
  }

  /** Waits until the board answers, as somebody other than the one that had this session. */
  async untilBack(session = ""): Promise<Awaited<ReturnType<RemoteBoard["info"]>>> {
    return await vi.waitFor(
      async () => {
        const info = await this.drive((board) => board.info(), 2000);
        expect(info.session).not.toBe(session);
        return info;
      },
      { timeout: 60_000 },
    );
  }

  /** Why the agent ended the last time. */
  crash(): Promise<string | undefined> {
    return vi.waitFor(() => this.drive(async (board) => (await board.crashes()).at(-1)?.cause, 2000), {
      timeout: 60_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor?.close();
    await this.#broker.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe("a supervisor (real)", () => {
  it("kills an agent that hangs, and the board comes back", async () => {
    await using world = await World.open();
    await world.start(5000, 60_000);
    const { session } = await world.untilBack();
    await world.drive((board) => board.evaluate("setTimeout(() => { for (;;); }, 50), 'hangs'"));
    await world.untilBack(session);
    expect(await world.crash()).toMatch(/^the agent hung for \d+ s$/);
  });

  it("kills an agent that lives and is not fed, and the board comes back by what was installed", async () => {
    await using world = await World.open();
    const image = `import { writeSync } from "node:fs";
setInterval(() => writeSync(3, '{"type":"beat","memoryBytes":1}\\n'), 100);`;
    mkdirSync(join(world.data, "slots/a"), { recursive: true });
    writeFileSync(join(world.data, "slots/a/image.mjs"), image);
    const sha256 = createHash("sha256").update(image).digest("hex");
    const images = { a: { sha256, size: image.length, signature: null }, b: null };
    writeFileSync(join(world.data, "boot.json"), JSON.stringify({ ...freshRecord, active: "a", images }));
    await world.start(20_000, 8000);
    expect(await world.untilBack()).toMatchObject({ slot: "factory" });
    expect(await world.crash()).toMatch(/^not fed for \d+ s, though the broker answers$/);
  });

  it.runIf(process.platform === "linux")(
    "goes on where no agent can be started, and tries again",
    async () => {
      await using world = await World.open();
      // A variable that is longer than Linux passes to a program.
      process.env["TOO_LONG"] = "x".repeat(200_000);
      try {
        await world.start(20_000, 60_000);
        const crashes = join(world.data, "crashes");
        await vi.waitFor(() => expect(readdirSync(crashes).length).toBeGreaterThan(1), { timeout: 20_000 });
      } finally {
        delete process.env["TOO_LONG"];
      }
      await world.untilBack();
      expect(await world.crash()).toBe("it could not be started: spawn E2BIG");
    },
  );

  it.runIf(process.platform === "linux")(
    "goes by what was installed while its record cannot be read, writes nothing over it, and reads it at the next boot",
    async () => {
      await using world = await World.open();
      const path = join(world.data, "boot.json");
      mkdirSync(world.data);
      // Reading it gives an error of input and output, as on a worn SD card.
      symlinkSync("/proc/self/mem", path);
      await world.start(20_000, 60_000);
      const { session, note } = await world.untilBack();
      expect(note).toMatch(/^the record of boots cannot be read now/);
      const updating = world.drive((board) => board.update(Buffer.from("an image")));
      await expect(updating).rejects.toMatchObject({
        detail: { code: "board/files" },
        message: expect.stringMatching(/cannot write its record: what is there could not be read: EIO/),
      });
      expect(readlinkSync(path)).toBe("/proc/self/mem");
      rmSync(path);
      writeFileSync(path, JSON.stringify({ ...freshRecord, event: { what: "confirmed", slot: "b" } }));
      await world.drive((board) => board.reset("normal"));
      expect(await world.untilBack(session)).toMatchObject({
        note: "the new image in slot b was confirmed",
      });
      expect(world.printed.match(/the record of boots cannot be written/g)).toHaveLength(1);
    },
  );

  it("goes on whatever the agent writes to it", async () => {
    await using world = await World.open();
    await world.start(20_000, 60_000);
    const { session } = await world.untilBack();
    const lines = [
      "no JSON",
      "null",
      '{"cmd":"NODE_HANDLE_ACK"}',
      '{"type":"stage","request":1,"slot":"../x"}',
    ];
    const source = `require("node:fs").writeSync(3, ${JSON.stringify(`${lines.join("\n")}\n`)})`;
    await world.drive((board) => board.evaluate(source));
    // It is killed before it could answer.
    await world
      .drive((board) => board.evaluate("process.kill(process.pid, 'SIGKILL')"), 2000)
      .catch(() => {});
    await world.untilBack(session);
    expect(decodeUtf8(await world.drive((board) => board.evaluate("6 * 7")))).toBe("42");
  });
});
