import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, randomInteger } from "../../../src/base/index.ts";
import type { QueuedMessage, StoreChange } from "../../../src/gateway/index.ts";
import { SqliteStore, storeErrors } from "../../../src/node/index.ts";
import { openDatabase } from "../../../src/node/stores/sqlite-database.ts";
import { root } from "../../house/imports.ts";
import { describeGatewayStore } from "../../support/gateway-store-conformance.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "journal");
}

describeGatewayStore("SqliteStore (real)", async () => {
  const folder = makeFolder();
  return { store: new SqliteStore({ folder }), reopen: async () => new SqliteStore({ folder }) };
});

describe("SqliteStore's database (real)", () => {
  it("has a commit on the disk when it returns", () => {
    const folder = makeFolder();
    mkdirSync(folder, { recursive: true });
    const database = openDatabase({ path: join(folder, "x.db"), tables: "", version: 1 });
    // FULL, with a write-ahead log.
    expect(database.get("PRAGMA synchronous")).toEqual({ synchronous: 2 });
    expect(database.get("PRAGMA journal_mode")).toEqual({ journal_mode: "wal" });
    database.close();
  });
});

const address = "02000000aa01";
const nodeChange: StoreChange = {
  type: "node",
  record: { address, dialect: "link", subscriptions: [["a/#", 1]] },
};

function message(id: number): QueuedMessage {
  return {
    id,
    topic: `t/${id}`,
    payload: new Uint8Array(100).fill(id),
    retained: false,
    queuedAt: 1000 + id,
    priority: 4,
    expiresAt: undefined,
    latest: false,
    transaction: undefined,
  };
}

function enqueue(count: number): StoreChange[] {
  return Array.from({ length: count }, (_item, id) => ({
    type: "enqueue",
    address,
    message: message(id),
  }));
}

describe("SqliteStore (real)", () => {
  it("says whose the folder is when another one has it", async () => {
    const folder = makeFolder();
    const store = new SqliteStore({ folder });
    await store.open();
    await expect(new SqliteStore({ folder }).open()).rejects.toSatisfy((error) =>
      storeErrors.is(error, "store/in-use"),
    );
    await store.close();
  });

  it("says that the folder cannot be made", async () => {
    const path = makeFolder();
    writeFileSync(path, "a file");
    await expect(new SqliteStore({ folder: join(path, "in-a-file") }).open()).rejects.toSatisfy((error) =>
      storeErrors.is(error, "store/cannot-open"),
    );
  });

  it("opens whatever bytes of its files are damaged, says so, and gives no altered message", async () => {
    const seed = Number(process.env["MOTEQ_SEED"] ?? Date.now() & 0xffff);
    const random = createSeededRandom(seed);
    let damages = 0;
    for (let round = 0; round < 25; round++) {
      const folder = makeFolder();
      const said: string[] = [];
      const first = new SqliteStore({ folder });
      await first.open();
      await first.commit([nodeChange, ...enqueue(200)]);
      await first.close();
      const file = join(folder, "gateway.db");
      const bytes = readFileSync(file);
      for (let hit = 0; hit < 5 && bytes.length > 0; hit++) {
        const at = randomInteger(random, 0, bytes.length - 1);
        // There stands the version of the tables: a file of another one would be left alone.
        if (at === 63) continue;
        bytes[at] = (bytes[at] ?? 0) ^ randomInteger(random, 1, 255);
      }
      writeFileSync(file, random.next() < 0.3 ? bytes.subarray(0, bytes.length >> 1) : bytes);
      const store = new SqliteStore({ folder, say: (text) => said.push(text) });
      const context = `MOTEQ_SEED=${seed}, round ${round}, ${file}`;
      const { nodes } = await store.open();
      const waiting = nodes[0]?.waiting ?? [];
      const found = await store.readMessages(
        address,
        waiting.map(({ id }) => id),
      );
      // Every message that is given is whole; one that is not is said.
      expect(found, context).toEqual(found.map(({ id }) => message(id)));
      if (found.length < waiting.length) expect(said.length, context).toBeGreaterThan(0);
      if (found.length < 200) damages++;
      // It goes on as before.
      const next = nodes[0]?.nextId ?? 0;
      expect(next, context).toBeGreaterThan(waiting.at(-1)?.id ?? -1);
      await store.commit([nodeChange, { type: "enqueue", address, message: message(next) }]);
      expect(await store.readMessages(address, [next]), context).toEqual([message(next)]);
      await store.close();
    }
    expect(damages, `MOTEQ_SEED=${seed}`).toBeGreaterThan(0);
  });

  it("has nothing of a batch in the middle of which its process was killed, however much of it was on the disk", async () => {
    const folder = makeFolder();
    const program = `
      import { SqliteStore } from ${JSON.stringify(join(root, "dist/node/index.js"))};
      const store = new SqliteStore({ folder: ${JSON.stringify(folder)} });
      await store.open();
      const address = ${JSON.stringify(address)};
      const enqueue = (id) => ({
        type: "enqueue",
        address,
        message: { id, topic: "t/" + id, payload: new Uint8Array(1000), retained: false, queuedAt: 1, priority: 4, latest: false },
      });
      const node = { type: "node", record: { address, dialect: "link", subscriptions: [] } };
      await store.commit([node, ...Array.from({ length: 3000 }, (_item, id) => enqueue(id))]);
      // More than the engine keeps in memory: what it has written of it so far is in its files when the process dies.
      const batch = Array.from({ length: 2900 }, (_item, id) => ({ type: "dequeue", address, id }));
      for (let id = 3000; id < 10_000; id++) batch.push(enqueue(id));
      batch.push({ get type() { process.kill(process.pid, "SIGKILL"); } });
      await store.commit(batch);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [, signal] = (await once(child, "close")) as [number | null, string | null];
    expect(signal).toBe("SIGKILL");
    const said: string[] = [];
    const store = new SqliteStore({ folder, say: (text) => said.push(text) });
    const { nodes } = await store.open();
    expect(said).toEqual([]);
    expect(nodes[0]?.waiting.map(({ id }) => id)).toEqual(Array.from({ length: 3000 }, (_item, id) => id));
    expect(nodes[0]?.nextId).toBe(3000);
    await store.close();
  });

  it("has all that was committed when its process was killed", async () => {
    const folder = makeFolder();
    const program = `
      import { SqliteStore } from ${JSON.stringify(join(root, "dist/node/index.js"))};
      const store = new SqliteStore({ folder: ${JSON.stringify(folder)} });
      await store.open();
      const address = ${JSON.stringify(address)};
      await store.commit([{ type: "node", record: { address, dialect: "link", subscriptions: [] } }]);
      for (let id = 0; ; id++) {
        const payload = new Uint8Array(100);
        const message = { id, topic: "t", payload, retained: false, queuedAt: 1, priority: 4, latest: false };
        await store.commit([{ type: "enqueue", address, message }]);
        process.stdout.write(id + "\\n");
      }`;
    for (let round = 0; round < 3; round++) {
      rmSync(folder, { recursive: true, force: true });
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.on("data", (bytes: Buffer) => {
        out += bytes.toString();
        if (out.length > 500 * (round + 1)) child.kill("SIGKILL");
      });
      await once(child, "close");
      const committed = out.split("\n").length - 1;
      const store = new SqliteStore({ folder });
      const { nodes, damaged } = await store.open();
      expect(nodes[0]?.waiting.length).toBeGreaterThanOrEqual(committed);
      expect({ damaged, first: nodes[0]?.waiting[0]?.id }).toEqual({ damaged: 0, first: 0 });
      await store.close();
    }
  });
});
