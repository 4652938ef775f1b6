import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./external.ts";
import { freePort } from "./mosquitto.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** A real InfluxDB of one test's own, on a free loopback port that stays the same over restarts. */
export interface Influx extends AsyncDisposable {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The rows of a query; times in milliseconds. */
  query(text: string): Promise<{ columns: string[]; values: unknown[][] }>;
}

/** Guard the tests that need it with `describe.runIf(have("influxd"))`. */
export async function startInflux(): Promise<Influx> {
  const program = findProgram("influxd");
  if (!program) throw new Error("InfluxDB is not installed: guard the test with have('influxd')");
  const folder = mkdtempSync(join(tmpdir(), "moteq-influx-"));
  const [port, rpc] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, "influxdb.conf");
  writeFileSync(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
[http]
bind-address = "127.0.0.1:${port}"
[monitor]
store-enabled = false
`,
  );
  const answers = async () => (await fetch(`${url}/ping`)).status === 204;
  let server: ServerProcess | undefined;
  const influx: Influx = {
    url,
    async start() {
      server ??= await startServer(program, ["-config", config], answers);
    },
    async stop() {
      await server?.end();
      server = undefined;
    },
    async query(text) {
      const search = new URLSearchParams({ db: "moteq", epoch: "ms", q: text });
      const response = await fetch(`${url}/query?${search.toString()}`, { method: "POST" });
      const { results } = (await response.json()) as {
        results: { series?: { columns: string[]; values: unknown[][] }[] }[];
      };
      return results[0]?.series?.[0] ?? { columns: [], values: [] };
    },
    async [Symbol.asyncDispose]() {
      await influx.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await influx.start();
  await influx.query("CREATE DATABASE moteq");
  return influx;
}
