import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { claimFolder } from "../../../src/node/stores/folder-claim.ts";
import { root } from "../../house/imports.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-claim-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a process that claims a folder and keeps it; resolves with what came of it: `has` or `has not`. */
async function claimElsewhere(folder: string, ...command: string[]) {
  const program = `
    import { claimFolder } from ${JSON.stringify(join(root, "dist/node/stores/folder-claim.js"))};
    console.log((await claimFolder(${JSON.stringify(folder)})) ? "has" : "has not");
    setInterval(() => {}, 1000);`;
  const [first, ...rest] = [...command, process.execPath, "--input-type=module", "-e", program];
  const child = spawn(first, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "close");
  const kill = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  onTestFinished(kill);
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { said: said.toString().trim(), kill };
}

/** What runs a program as in a container of its own: sockets named there are not those named here. */
const container = ["unshare", "--user", "--map-root-user", "--net"];
const canContain = spawnSync("unshare", [...container.slice(1), "true"]).status === 0;

describe("a claim on a folder (real)", () => {
  it("is one process's, until it lets go", async () => {
    const folder = makeFolder();
    const claim = await claimFolder(folder);
    expect((await claimElsewhere(folder)).said).toBe("has not");
    expect(await claimFolder(folder)).toBeUndefined();
    await claim?.release();
    expect(readdirSync(folder)).toEqual([]);
    expect((await claimElsewhere(folder)).said).toBe("has");
  });

  it("ends with its process, however that ends", async () => {
    const folder = makeFolder();
    const other = await claimElsewhere(folder);
    expect([other.said, await claimFolder(folder)]).toEqual(["has", undefined]);
    await other.kill();
    const claim = await claimFolder(folder);
    expect(claim).toBeDefined();
    await claim?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("takes a folder where a folder has its name", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "claim.sock", "kept"), { recursive: true });
    const claim = await claimFolder(folder);
    expect(claim).toBeDefined();
    await claim?.release();
    const [left = ""] = readdirSync(folder);
    expect(readdirSync(join(folder, left))).toEqual(["kept"]);
  });

  it("takes a folder with a long name", async () => {
    const folder = join(makeFolder(), "a".repeat(100), "b".repeat(100));
    mkdirSync(folder, { recursive: true });
    const claim = await claimFolder(folder);
    expect(readdirSync(folder)).toEqual(process.platform === "linux" ? ["claim.sock"] : []);
    expect(await claimFolder(folder)).toBeUndefined();
    await claim?.release();
  });

  it.runIf(canContain)("holds between containers that share the folder, and ends with them", async () => {
    const folder = makeFolder();
    const contained = await claimElsewhere(folder, ...container);
    expect(contained.said).toBe("has");
    expect(await claimFolder(folder)).toBeUndefined();
    expect((await claimElsewhere(folder, ...container)).said).toBe("has not");
    await contained.kill();
    const next = await claimElsewhere(folder, ...container);
    expect([next.said, await claimFolder(folder)]).toEqual(["has", undefined]);
  });

  it.runIf(canContain)("is one container's when many start at once where one was killed", async () => {
    const folder = makeFolder();
    await (await claimElsewhere(folder, ...container)).kill();
    const all = await Promise.all(Array.from({ length: 4 }, () => claimElsewhere(folder, ...container)));
    expect(all.filter(({ said }) => said === "has")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["claim.sock"]);
  });
});
