import { execFileSync } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { findProgram } from "./external.ts";
import { freePort } from "./mosquitto.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** A real PostgreSQL of one test's own, on a free loopback port that stays the same over restarts. */
export interface Postgres extends AsyncDisposable {
  readonly url: string;
  start(): Promise<void>;
  /** Ends it at once, and with it all its connections. */
  stop(): Promise<void>;
}

/** Guard the tests that need it with `describe.runIf(have("initdb", "postgres"))`. */
export async function startPostgres(): Promise<Postgres> {
  const [initdb, program] = [findProgram("initdb"), findProgram("postgres")];
  if (!initdb || !program) throw new Error("PostgreSQL is not installed: guard the test with have(…)");
  const folder = mkdtempSync(join(tmpdir(), "moteq-postgres-"));
  // It refuses to run as root.
  const owner = userInfo().uid === 0 ? idsOf("postgres") : undefined;
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const user = owner ?? {};
  const data = join(folder, "data");
  execFileSync(initdb, ["-D", data, "-U", "moteq", "-A", "trust", "--no-sync", "-E", "UTF8"], {
    stdio: "ignore",
    cwd: folder,
    ...user,
  });
  const port = await freePort();
  const url = `postgres://moteq@127.0.0.1:${port}/postgres`;
  const words = [
    "-D",
    data,
    "-p",
    String(port),
    "-k",
    folder,
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "fsync=off",
  ];
  const answers = async () => {
    const client = new Client(url);
    await client.connect();
    await client.end();
    return true;
  };
  let server: ServerProcess | undefined;
  const postgres: Postgres = {
    url,
    async start() {
      server ??= await startServer(program, words, answers, { cwd: folder, ...user });
    },
    async stop() {
      await server?.end("SIGINT");
      server = undefined;
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await postgres.start();
  return postgres;
}

function idsOf(name: string): { uid: number; gid: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
