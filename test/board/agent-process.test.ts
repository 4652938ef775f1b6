import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AgentProcess, endLeftBehind } from "../../src/node/board/agent-process.ts";
import { root } from "../house/imports.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-agent-"));
afterAll(() => rmSync(folder, { recursive: true }));
const pidFile = join(folder, "agent.pid");

/** An agent whose program is the given source. */
function startAgent(source: string) {
  const program = join(folder, "agent.mjs");
  writeFileSync(program, source);
  return startProgram(program);
}

function startProgram(program: string) {
  let printed = "";
  const messages: unknown[] = [];
  const problems: string[] = [];
  let agent!: AgentProcess;
  const exited = new Promise<string>((resolve) => {
    agent = new AgentProcess({
      program,
      pidFile,
      onOutput: (text) => (printed += text),
      onProblem: (text) => problems.push(text),
      onMessage: (message) => messages.push(message),
      onExit: resolve,
    });
  });
  return { agent, exited, printed: () => printed, messages, problems };
}

describe("what an agent prints (real)", () => {
  it("keeps its characters, though one comes in two pieces with others between", async () => {
    const source = `process.stdout.write(Buffer.of(0xe2, 0x82));
setTimeout(() => process.stderr.write("!"), 100);
setTimeout(() => process.stdout.write(Buffer.of(0xac)), 200);
setTimeout(() => process.exit(3), 300);`;
    const { agent, exited, printed } = startAgent(source);
    expect(await exited).toBe("exit code 3");
    expect([printed(), agent.output]).toEqual(["!€", "!€"]);
  });
});

describe("what an agent tells its supervisor (real)", () => {
  it("is taken only where it makes sense: whatever runs in the agent can write there", async () => {
    const { exited, messages } = startAgent(`import { writeSync } from "node:fs";
const write = (value) => writeSync(3, JSON.stringify(value) + "\\n");
for (const nonsense of [null, 7, "fed", [], {}, { type: "reset", mode: "away" },
  { type: "vacate", request: 1, slot: "../x" }, { type: "stage", request: 1, slot: "a", image: null },
  { type: "stage", request: 1, slot: "a", image: { sha256: "a".repeat(64), size: -1, signature: null } },
  { type: "beat" }, { type: "keep" }, { cmd: "NODE_HANDLE", type: "net.Socket" }, { cmd: "NODE_HANDLE_NACK" }]) write(nonsense);
for (const text of ["no JSON", "", '{"type":"fed"', "[".repeat(100_000)]) writeSync(3, text + "\\n");
write({ type: "fed" });`);
    expect(await exited).toBe("exit code 0");
    expect(messages).toEqual([{ type: "fed" }]);
  });
});

const timers = () => process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
const openFiles = () => readdirSync("/proc/self/fd").length;

describe.runIf(process.platform === "linux")("an agent whose helper outlives it (real)", () => {
  it("is taken as ended, and nothing of it stays open", async () => {
    const before = openFiles();
    const { agent, exited, printed } = startAgent(`import { spawn } from "node:child_process";
const helper = spawn("sleep", ["600"], { stdio: "inherit" });
process.stdout.write(helper.pid + "\\n");
setInterval(() => {}, 1000);`);
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/\n/);
    agent.stop(true);
    expect(await exited).toBe("signal SIGKILL");
    await expect.poll(openFiles, { timeout: 20_000 }).toBeLessThanOrEqual(before);
    process.kill(Number(printed()), "SIGKILL");
  });
});

describe("an agent that does not end when it is asked to (real)", () => {
  it("is killed once, however often it is asked", async () => {
    const { agent, exited, printed } = startAgent("process.stdout.write('up'); setInterval(() => {}, 1000);");
    await expect.poll(printed, { timeout: 20_000 }).toBe("up");
    const before = timers();
    for (let asked = 0; asked < 3; asked++) agent.stop(false);
    expect(timers() - before).toBe(1);
    expect(await exited).toBe("signal SIGKILL");
  });
});

describe("moteq's own agent (real)", () => {
  it("that is to end before it has begun does so without a word", async () => {
    const { agent, exited, printed } = startProgram(join(root, "dist/node/board/agent-main.js"));
    agent.stop(false);
    expect(await exited).toBe("exit code 0");
    expect(printed()).toBe("");
  });
});

describe.runIf(process.platform === "linux")("an agent that a killed supervisor left behind (real)", () => {
  it("is ended by the next one, though it hangs", async () => {
    const { exited, printed } = startAgent("process.stdout.write('up'); for (;;);");
    await expect.poll(printed, { timeout: 20_000 }).toBe("up");
    endLeftBehind(pidFile);
    expect(await exited).toBe("signal SIGKILL");
  });

  it("is left alone where its process id is somebody else's by now", async () => {
    const { agent, exited, printed } = startAgent("process.stdout.write('up'); setInterval(() => {}, 1000);");
    await expect.poll(printed, { timeout: 20_000 }).toBe("up");
    const [pid = ""] = readFileSync(pidFile, "utf8").split(" ");
    writeFileSync(pidFile, `${pid} 1`);
    endLeftBehind(pidFile);
    expect(() => process.kill(Number(pid), 0)).not.toThrow();
    agent.stop(true);
    expect(await exited).toBe("signal SIGKILL");
  });
});
