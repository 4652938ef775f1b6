import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import { systemClock, systemCryptography, systemRandom } from "../../src/node/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { openBoard, type RemoteBoard, remoteErrors } from "../../src/remote/index.ts";
import { decodeCommandTopic } from "../../src/wire/index.ts";
import { createMemoryBroker, type MemoryBroker } from "../support/memory-broker.ts";
import { type MqreplBoard, startMqreplBoard } from "./mqrepl/board.ts";

const base = "esp32/test/mqb";
const services = { clock: systemClock, cryptography: systemCryptography };

let broker: MemoryBroker;
let chip: MqreplBoard;
let client: MqttClient;
let board: RemoteBoard;

async function connectTo(): Promise<MqttClient> {
  const one = new MqttClient({ open: broker.open, clock: systemClock, random: systemRandom });
  one.start();
  await one.ready();
  return one;
}

async function read(path: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await board.get(path, (bytes) => void pieces.push(bytes));
  return Buffer.concat(pieces);
}

const text = async (source: string) => decodeUtf8(await board.evaluate(source));

beforeAll(async () => {
  broker = await createMemoryBroker();
  chip = await startMqreplBoard(await connectTo(), base);
  client = await connectTo();
  board = await openBoard({ ...services, client, base, timeoutMs: 20_000 });
});

afterAll(async () => {
  await client.close();
  await chip[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

describe("a board that runs mqrepl in MicroPython (real)", () => {
  it("is known for what it is", async () => {
    expect(board.dialect).toBe("mqrepl");
    expect((await board.info()).platform).toMatch(/micropython.*webassembly/);
  });

  it("evaluates expressions and statements, and keeps what they define", async () => {
    expect(await text("2+3")).toBe("5");
    expect(await text("x = 40\nprint('x is', x)")).toMatch(/^x is 40\r?\n$/);
    expect(await text("x + 2")).toBe("42");
  });

  it("says what is wrong with a source", async () => {
    await expect(board.evaluate("1/0")).rejects.toThrow(/ZeroDivisionError/);
    await expect(board.evaluate("1 +")).rejects.toThrow(/SyntaxError/);
  });

  it("completes names", async () => {
    await board.evaluate("colour = 'red'");
    expect(await board.complete("print(colo")).toEqual(["colour"]);
    expect(await board.complete("colour.start")).toEqual(["colour.startswith"]);
  });

  it.each([
    "/plain.txt",
    "/with space.txt",
    "/o'clock.txt",
    '/"double" and \\back.txt',
    "/größe ☃ 𝄞.txt",
    "/+plus#hash.txt",
    "/new\nline.txt",
    "/');import nothing;('.txt",
  ])("keeps a file called %j: put, list with digest, get, rename, remove", async (path) => {
    const content = randomBytes(3000);
    await board.put(path, content);
    const entry = (await board.list("/", { digest: true })).find(({ name }) => `/${name}` === path);
    expect(entry).toMatchObject({ folder: false, size: 3000, sha256: await board.digest(path) });
    expect(Buffer.compare(await read(path), content)).toBe(0);
    await board.rename(path, `${path}.old`);
    expect(await board.digest(`${path}.old`)).toBe(entry?.sha256);
    await board.remove(`${path}.old`);
    await expect(board.digest(path)).rejects.toMatchObject({ detail: { code: "board/not-found" } });
  });

  it("lists folders within folders, more entries than come at once, and nothing of what they are called hurts", async () => {
    await board.makeFolder("/it's/deep", { parents: true });
    await board.makeFolder("/it's/deep", { parents: true });
    for (let index = 0; index < 45; index++) await board.evaluate(`open("/it's/deep/${index}",'w').close()`);
    const entries = await board.list("/it's", { recursive: true });
    expect(entries).toHaveLength(46);
    expect(entries.filter(({ folder }) => folder).map(({ name }) => name)).toEqual(["deep"]);
    expect(entries.map(({ name }) => name)).toContain("deep/44");
    await expect(board.removeFolder("/it's/deep")).rejects.toMatchObject({
      detail: { code: "board/not-empty" },
    });
  });

  it("makes one folder only where it can, and removes it", async () => {
    await expect(board.makeFolder("/no/such")).rejects.toMatchObject({ detail: { code: "board/not-found" } });
    await board.makeFolder("/one");
    await expect(board.makeFolder("/one")).rejects.toMatchObject({ detail: { code: "board/exists" } });
    await board.removeFolder("/one");
    await board.evaluate("open('/file','w').close()");
    await expect(board.makeFolder("/file/below", { parents: true })).rejects.toThrow();
  });

  it("takes 5 MB without more than a few messages on their way, and gives them back", async () => {
    const content = randomBytes(5_000_000);
    let waiting = 0;
    const progress: number[] = [];
    await board.put("/big.bin", content, {
      onProgress(done) {
        progress.push(done);
        waiting = Math.max(waiting, client.stats.queued + client.stats.inflight);
      },
    });
    expect(waiting).toBeLessThan(20);
    expect(progress.at(-1)).toBe(5_000_000);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(Buffer.compare(await read("/big.bin"), content)).toBe(0);
    await board.remove("/big.bin");
  });

  it("takes an image whole, whatever its length: nothing crosses a border of its flash", async () => {
    for (const length of [1, 4200, 8192, 150_000]) {
      const image = randomBytes(length);
      await board.update(image, { boot: false });
      const flash = await read("/flash.bin");
      expect(flash.length % 4096).toBe(0);
      expect(Buffer.compare(flash.subarray(0, length), image)).toBe(0);
    }
  });

  it("keeps a folder, also an empty one, over which a file is put", async () => {
    await board.makeFolder("/empty");
    await expect(board.put("/empty", encodeUtf8("x"))).rejects.toMatchObject({
      detail: { code: "board/is-a-folder" },
    });
    expect(await board.list("/empty")).toEqual([]);
    await board.removeFolder("/empty");
  });

  it("is reset with the original's words", async () => {
    for (const mode of ["normal", "safe", "soft"] as const) await board.reset(mode);
    expect(chip.resets).toEqual(["n", "f", "s"]);
  });

  it("is reset when it has an image, since it only boots that at its next start", async () => {
    const before = chip.resets.length;
    await board.update(randomBytes(5000), { boot: false });
    expect(chip.resets.slice(before)).toEqual([]);
    await board.update(randomBytes(5000));
    expect(chip.resets.slice(before)).toEqual(["n"]);
  });

  it("is said to have its image where it cannot be reset", async () => {
    await board.evaluate("kept = sys.modules.pop('watchdog')");
    await expect(board.update(randomBytes(100))).rejects.toThrow(
      /has the image .* not be reset: .*KeyError/s,
    );
    await board.evaluate("sys.modules['watchdog'] = kept");
  });

  it("leaves nothing behind of a put that was interrupted", async () => {
    const interrupt = new AbortController();
    const put = board.put("/interrupted", randomBytes(100_000), {
      signal: interrupt.signal,
      onProgress: () => interrupt.abort(new Error("interrupted")),
    });
    await expect(put).rejects.toThrow("interrupted");
    expect((await board.list("/")).map(({ name }) => name)).not.toContainEqual(
      expect.stringMatching(/part$|^interrupted$/),
    );
  });

  it("puts a file beside by the same name at each attempt, so that the next one takes over what an earlier one left", async () => {
    const tails = new Set<string | undefined>();
    const subscription = await client.subscribe(`${base}/cmd/put/#`, { qos: 1 }, ({ topic }) => {
      tails.add(decodeCommandTopic(base, topic)?.tail);
    });
    for (const path of ["/again.txt", "/again.txt", "/other.txt"]) await board.put(path, encodeUtf8(path));
    expect([...tails]).toEqual([
      expect.stringMatching(/^\/mqb-[0-9a-f]{8}\.part$/),
      expect.stringMatching(/^\/mqb-[0-9a-f]{8}\.part$/),
    ]);
    await subscription.unsubscribe();
    for (const path of ["/again.txt", "/other.txt"]) await board.remove(path);
  });

  it("has no level for what goes to MQTT", async () => {
    await expect(board.setLogLevel({ mqtt: "debug" })).rejects.toMatchObject({ code: "remote/unsupported" });
  });

  it("leaves nothing behind of a file that could not be put in place", async () => {
    await expect(board.put("/missing/file", encodeUtf8("x"))).rejects.toThrow();
    expect((await board.list("/")).filter(({ name }) => name.endsWith(".part"))).toEqual([]);
  });

  it("has no crash log to ask for", async () => {
    await expect(board.crashes()).rejects.toSatisfy((error) => remoteErrors.is(error, "remote/unsupported"));
  });
});

describe("a board that is not there (real)", () => {
  it("is said not to answer", async () => {
    await expect(
      openBoard({ ...services, client, base: "nobody/mqb", timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: "remote/no-answer",
    });
  });
});
