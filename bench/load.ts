import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "moteq/mqtt";

/** How many messages are under way at a time. */
export const window = 500;

/** What a run took. */
export interface Run {
  /** Messages a second. */
  readonly rate: number;
  /** Processor time of this process for a message, in microseconds. */
  readonly cpu: number;
}

/** Starts work so that `window` pieces are under way at any time, and measures all of it. */
export async function measure(messages: number, start: (done: () => void) => void): Promise<Run> {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  await new Promise<void>((resolve) => {
    let begun = 0;
    let ended = 0;
    const done = () => {
      ended++;
      if (ended === messages) resolve();
      else if (begun - ended <= window / 2) fill();
    };
    const fill = () => {
      while (begun < messages && begun - ended < window) {
        begun++;
        start(done);
      }
    };
    fill();
  });
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { rate: messages / seconds, cpu: (user + system) / messages };
}

/** mosquitto in a process of its own, on a free port of loopback. */
export async function startBroker(): Promise<{ url: string; stop: () => void }> {
  const program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"].find((path) =>
    existsSync(path),
  );
  if (!program) throw new Error("this benchmark needs mosquitto (Debian: apt-get install mosquitto)");
  const port = await findPort();
  const folder = mkdtempSync(join(tmpdir(), "moteq-bench-"));
  const config = join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n`,
  );
  const child = spawn(program, ["-c", config], { stdio: "ignore" });
  const client = connect(`mqtt://127.0.0.1:${port}`);
  await client.ready(AbortSignal.timeout(10_000));
  await client.close();
  return { url: `mqtt://127.0.0.1:${port}`, stop: () => stop(child, folder) };
}

function stop(child: ChildProcess, folder: string): void {
  child.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
