import { once } from "node:events";
import { mkdirSync, readdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import type { MqttVersion } from "../../src/mqtt/index.ts";
import type { ConnectOptions } from "../../src/node/mqtt.ts";
import { type ExternalProgram, findProgram } from "./external.ts";
import { freePort, startMosquitto } from "./mosquitto.ts";
import { startServer } from "./server-process.ts";

/** A broker of one test's own. */
export interface RunningBroker extends AsyncDisposable {
  readonly url: string;
  /** What every client of it needs. */
  readonly options?: ConnectOptions;
}

/** A broker that the client is tried with. */
export interface BrokerUnderTest {
  /** As the documentation calls it. */
  readonly name: string;
  /** Which MQTT it speaks. */
  readonly versions: readonly MqttVersion[];
  /** What has to be installed for it. */
  readonly needs?: ExternalProgram;
  readonly start: () => Promise<RunningBroker>;
}

/** All brokers that the client is tried with, as they come with Debian 12 or from npm. */
export const brokers: readonly BrokerUnderTest[] = [
  { name: "aedes 1.2", versions: [4], start: startAedes },
  { name: "mosquitto 2.0", versions: [4, 5], needs: "mosquitto", start: startMosquitto },
  { name: "nats-server 2.9", versions: [4], needs: "nats-server", start: startNats },
  { name: "ejabberd 23.01", versions: [4, 5], needs: "ejabberdctl", start: startEjabberd },
];

async function startAedes(): Promise<RunningBroker> {
  const aedes = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, aedes.handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
}

async function startNats(): Promise<RunningBroker> {
  const [folder, port, clientPort] = [makeFolder(), await freePort(), await freePort()];
  const config = join(folder, "nats.conf");
  writeFileSync(
    config,
    `listen: "127.0.0.1:${clientPort}"
server_name: moteq
jetstream { store_dir: "${folder}/store" }
mqtt { listen: "127.0.0.1:${port}" }
`,
  );
  const server = await startServer(findProgram("nats-server") ?? "", ["-c", config], () => accepts(port));
  return toRunning(folder, port, () => server.end());
}

async function startEjabberd(): Promise<RunningBroker> {
  const [folder, port] = [makeFolder(), await freePort()];
  const config = join(folder, "ejabberd.yml");
  mkdirSync(join(folder, "spool"));
  writeFileSync(
    config,
    `hosts: [localhost]
loglevel: warning
auth_method: anonymous
anonymous_protocol: login_anon
allow_multiple_connections: true
listen:
  - { port: ${port}, ip: 127.0.0.1, module: mod_mqtt }
modules:
  mod_mqtt:
    access_publish: { "#": all }
    access_subscribe: { "#": all }
`,
  );
  // Its own control program would run it as another user, with ports and files of its own choice.
  const library = readdirSync("/usr/lib")
    .map((name) => join("/usr/lib", name))
    .find((path) => holds(path, /^ejabberd-/));
  const words = ["-noinput", "-mnesia", "dir", `"${folder}/spool"`, "-s", "ejabberd"];
  const server = await startServer("erl", words, () => accepts(port), {
    cwd: folder,
    env: {
      ...process.env,
      ERL_LIBS: library ?? "",
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
    },
  });
  // Anybody may connect, but has to have a name.
  return {
    ...toRunning(folder, port, () => server.end("SIGKILL")),
    options: { username: "me", password: "x" },
  };
}

function holds(folder: string, name: RegExp): boolean {
  try {
    return readdirSync(folder).some((entry) => name.test(entry));
  } catch {
    return false;
  }
}

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "moteq-broker-"));
}

function toRunning(folder: string, port: number, end: () => Promise<void>): RunningBroker {
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } finally {
    socket.destroy();
  }
}
