import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { storeErrors, ThreadedStore } from "../../../src/node/index.ts";
import { root } from "../../house/imports.ts";
import { describeGatewayStore } from "../../support/gateway-store-conformance.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "journal");
}

describeGatewayStore("ThreadedStore (real)", async () => {
  const folder = makeFolder();
  return { store: new ThreadedStore({ folder }), reopen: async () => new ThreadedStore({ folder }) };
});

describe("ThreadedStore (real)", () => {
  it("says whose the folder is when another one has it, and can be opened when that is gone", async () => {
    const folder = makeFolder();
    const [first, second] = [new ThreadedStore({ folder }), new ThreadedStore({ folder })];
    await first.open();
    await expect(second.open()).rejects.toSatisfy((error) => storeErrors.is(error, "store/in-use"));
    await first.close();
    await second.open();
    await second.close();
  });

  it("says that the folder cannot be made, and that it is not open", async () => {
    const path = makeFolder();
    writeFileSync(path, "a file");
    const store = new ThreadedStore({ folder: join(path, "in-a-file") });
    await expect(store.open()).rejects.toSatisfy((error) => storeErrors.is(error, "store/cannot-open"));
    await expect(store.commit([])).rejects.toSatisfy((error) => storeErrors.is(error, "store/closed"));
  });

  it("does first what was asked before it is closed", async () => {
    const folder = makeFolder();
    const store = new ThreadedStore({ folder });
    await store.open();
    const committed = store.commit([{ type: "topic", topic: 1, message: 2 }]);
    await Promise.all([store.close(), committed]);
    const again = new ThreadedStore({ folder });
    expect((await again.open()).topics).toEqual([[1, 2]]);
    await again.close();
  });

  it("passes on what is said of damage", async () => {
    const folder = makeFolder();
    const first = new ThreadedStore({ folder });
    await first.open();
    await first.close();
    writeFileSync(join(folder, "gateway.db"), "no database at all, whatever it was before");
    const said: string[] = [];
    const store = new ThreadedStore({ folder, say: (text) => said.push(text) });
    await store.open();
    expect(said).toEqual([expect.stringContaining("the store is damaged")]);
    await store.close();
  });

  it("lets the loop turn while it writes, and the process end while nobody waits for it", async () => {
    const folder = makeFolder();
    const program = `
      import { ThreadedStore } from ${JSON.stringify(join(root, "dist/node/index.js"))};
      const store = new ThreadedStore({ folder: ${JSON.stringify(folder)} });
      await store.open();
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      for (let round = 0; round < 200; round++) await store.commit([{ type: "topic", topic: round, message: 1 }]);
      clearInterval(timer);
      console.log(turns > 5 ? "turned" : "stood still");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(out).toBe("turned\n");
  });
});
