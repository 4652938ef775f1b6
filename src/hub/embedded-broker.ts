import { createServer, type Server, type Socket } from "node:net";
import { BrokerPersistence, systemClock } from "../node/index.ts";
import { DurableBroker, type Taker } from "./durable-broker.ts";
import { hubErrors } from "./errors.ts";

/** How long a publisher waits for its acknowledgement while the disk is slow, in milliseconds. */
const patienceMs = 10_000;

/** How the embedded broker runs. */
export interface EmbeddedBrokerOptions {
  readonly host: string;
  readonly port: number;
  /** Where it keeps sessions, what waits for their clients, and retained messages. Default: in memory. */
  readonly folder?: string | undefined;
  /** Who takes messages before their publishers hear that they were taken. Default: nobody does. */
  readonly taker?: Promise<Taker> | undefined;
  /** Is told of trouble, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

/** A broker inside this process. */
export interface EmbeddedBroker {
  /** Where its clients find it, as `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts the embedded broker: MQTT 3.1.1 over TCP, no user names.
 *
 * @throws `hub/port-busy`, `hub/cannot-listen`, `store/in-use`, `store/cannot-open`
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { host, port, folder, taker, say = () => {} } = options;
  const early: Socket[] = [];
  const waitForBroker = (socket: Socket) => void early.push(socket);
  // Without noDelay, small messages wait for the acknowledgement of the one before.
  const server = createServer({ noDelay: true }, waitForBroker);
  await listen(server, host, port);
  const persistence = new BrokerPersistence({ folder, say });
  const broker = new DurableBroker({ persistence, clock: systemClock, patienceMs, taker, say });
  try {
    await broker.listen();
  } catch (error) {
    server.close();
    for (const socket of early) socket.destroy();
    throw error;
  }
  server.off("connection", waitForBroker);
  server.on("connection", broker.handle);
  for (const socket of early) broker.handle(socket);
  return {
    url: `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await persistence.destroy();
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw hubErrors.create(
        "hub/port-busy",
        `port ${port} on ${host} is in use: another broker or another moteq has it. ` +
          `Use that one with --broker mqtt://${host}:${port}, or another port with --port N (npm start -- --port N)`,
        { cause },
      );
    }
    throw hubErrors.create("hub/cannot-listen", `cannot listen on ${host}:${port} (${code})`, { cause });
  }
}
