import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Of } from "../../src/base/index.ts";
import type { FileWriter } from "../../src/board/index.ts";
import { Guard } from "../../src/board/guard.ts";
import { Partials } from "../../src/board/partials.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { systemCryptography } from "../../src/node/index.ts";
import { encodeBoardPacket } from "../../src/wire/index.ts";
import { AgentWorld, base, createPutter, services } from "./agent-world.ts";

const content = randomBytes(400_000);
const sha256 = sha256Of(systemCryptography, content);
const partialsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".part"));

describe("a file that is not whole yet (real)", () => {
  it("is another one for each place, though the same is put to two places at once", async () => {
    await using world = await AgentWorld.start();
    const boards = await Promise.all([world.drive(), world.drive()]);
    await Promise.all(boards.map((board, index) => board.put(`${index}`, content)));
    for (const name of ["0", "1"]) {
      expect(Buffer.compare(readFileSync(join(world.root, name)), content)).toBe(0);
    }
  });

  it("keeps nothing for the place of the same content that came later", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    const first = await put("wrong", content);
    await first.send(0, 16_000);
    const board = await world.drive();
    await board.put("right", content);
    await first.send(16_000, 32_000);
    await world.agent.close();
    expect(Buffer.compare(readFileSync(join(world.root, "right")), content)).toBe(0);
    expect(readdirSync(world.root)).not.toContain("wrong");
  });

  it("that somebody else has written into is not put in its place", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    const { said, send } = await put("file", content.subarray(0, 1000));
    appendFileSync(join(world.root, partialsIn(world.root)[0] ?? ""), "x");
    await send(0, 1000);
    await expect.poll(() => said().at(-1)).toMatch(/^board\/digest: .*has 1001 bytes, 1000 were written/);
    expect(readdirSync(world.root)).toEqual([]);
  });

  it("is left alone while another one comes into its folder, and what nobody goes on with is removed", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    for (const name of [".moteq-0123456789abcdef.part", ".moteq-put-0123456789abcdef.part"]) {
      writeFileSync(join(world.root, name), "left behind");
    }
    const one = await put("one", content.subarray(0, 1000));
    await one.send(0, 500);
    const board = await world.drive();
    await board.put("two", content);
    expect(partialsIn(world.root)).toHaveLength(1);
    await one.send(500, 1000);
    await expect.poll(() => one.said().at(-1)).toContain('"done":true');
    expect(readdirSync(world.root)).toEqual(["one", "two"]);
  });

  it("gives way to another one for the same place", async () => {
    await using world = await AgentWorld.start();
    const put = await createPutter(world);
    const one = await put("file", content.subarray(0, 1000));
    const two = await put("file", content.subarray(0, 900));
    await expect.poll(() => one.said().at(-1)).toMatch(/^board\/replaced: /);
    await two.send(0, 900);
    await expect.poll(() => two.said().at(-1)).toContain('"done":true');
    expect(readFileSync(join(world.root, "file")).length).toBe(900);
  });

  it("is on disk before it has its name", async () => {
    const done: string[] = [];
    class NotingDisk extends NodeBoardFiles {
      override async append(path: string): Promise<FileWriter> {
        const writer = await super.append(path);
        const sync = async () => {
          await writer.sync();
          done.push("sync");
        };
        return { ...writer, write: (pieces) => writer.write(pieces), sync, close: () => writer.close() };
      }
      override async replace(from: string, to: string): Promise<void> {
        done.push("replace");
        await super.replace(from, to);
      }
    }
    await using world = await AgentWorld.start({ files: (root) => new NotingDisk(root) });
    const board = await world.drive();
    await board.put("file", content);
    expect(done).toEqual(["sync", "replace"]);
    const client = await world.connect();
    const payload = encodeBoardPacket({ sequence: 0, last: true, body: content });
    await client.publish(`${base}/cmd/put/original/file`, payload, { qos: 1 });
    await expect.poll(() => done).toEqual(["sync", "replace", "sync", "replace"]);
  });

  it("is no link that leads elsewhere", async () => {
    await using world = await AgentWorld.start();
    writeFileSync(join(world.folder, "secret"), "secret");
    symlinkSync(join(world.folder, "secret"), join(world.root, "link"));
    const files = new NodeBoardFiles(world.root);
    await expect(files.append("link")).rejects.toMatchObject({ code: "board/files" });
    expect(readFileSync(join(world.folder, "secret"), "utf8")).toBe("secret");
  });

  it("does not keep its folder from being removed", async () => {
    await using world = await AgentWorld.start();
    mkdirSync(join(world.root, "folder"));
    writeFileSync(join(world.root, "folder/.moteq-put-0123456789abcdef.part"), "left behind");
    const board = await world.drive();
    expect(await board.list("folder")).toEqual([]);
    await board.removeFolder("folder");
    expect(readdirSync(world.root)).toEqual([]);
  });

  it("is refused where a folder is before any of it is sent", async () => {
    await using world = await AgentWorld.start();
    mkdirSync(join(world.root, "folder"));
    const put = await createPutter(world);
    for (const [path, what] of [
      ["folder", "folder"],
      ["", "the root"],
    ] as const) {
      expect((await put(path, content)).said()).toEqual([`board/is-a-folder: ${what} is a folder`]);
    }
    expect(readdirSync(world.root)).toEqual(["folder"]);
  });

  it("belongs to the one who has it, until it is let go", async () => {
    await using world = await AgentWorld.start();
    const partials = new Partials({ files: new NodeBoardFiles(world.root), ...services });
    const one = await partials.open("file", "key");
    await expect(partials.open("file", "key")).rejects.toMatchObject({ code: "board/busy" });
    await one.writer.close();
    one.release();
    const two = await partials.open("file", "key");
    await two.writer.close();
  });

  it("of the original's is no longer than others may be", async () => {
    await using world = await AgentWorld.start({ maximumBytes: 1000 });
    const client = await world.connect();
    const heard = await world.listen(`${base}/reply/err/#`);
    for (const command of ["put/long0000/file", `ota/long0001/${sha256}`]) {
      for (const sequence of [0, 1]) {
        const payload = encodeBoardPacket({ sequence, last: false, body: content.subarray(0, 600) });
        await client.publish(`${base}/cmd/${command}`, payload, { qos: 1 });
      }
    }
    await expect
      .poll(() => heard.map(({ text }) => text))
      .toEqual(["the board takes at most 1000 bytes at once", "the board takes at most 1000 bytes at once"]);
    expect(readdirSync(world.root)).toEqual([]);
  });
});

describe("a board's guard", () => {
  it("remembers the last 256 commands of the original's, and no more", () => {
    const guard = new Guard(services.clock, services.cryptography, [], () => {});
    const admit = (index: number) => guard.admitClassic(`id${index}`);
    for (let index = 0; index < 256; index++) expect(admit(index)).toBe(true);
    expect([admit(0), admit(255), admit(256), admit(0), admit(2)]).toEqual([false, false, true, true, false]);
  });
});

describe("a slot (real)", () => {
  it("is said not to hold its old image any more before the new one is there", async () => {
    await using world = await AgentWorld.start();
    const { slots } = world.keeper;
    writeFileSync(slots.pathOf("a"), "old");
    let held = "";
    const image = { sha256, size: content.length, signature: null };
    const vacate = () => Promise.resolve(void (held = readFileSync(slots.pathOf("a"), "utf8")));
    const writer = await slots.open("a", image, vacate, () => Promise.resolve());
    await writer.write([content]);
    await writer.sync();
    await writer.close();
    await writer.accept();
    expect(held).toBe("old");
    expect(slots.check("a", image, [])).toBe("sound");
  });
});
