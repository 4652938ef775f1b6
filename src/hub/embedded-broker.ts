import { createServer } from "node:net";
import { Aedes } from "aedes";
import { hubErrors } from "./errors.ts";

/** A broker inside this process. */
export interface EmbeddedBroker {
  /** Where its clients find it, as `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts the embedded broker: MQTT 3.1.1 over TCP, no user names, everything in memory.
 *
 * @throws `hub/port-busy`, `hub/cannot-listen`
 */
export async function startEmbeddedBroker(options: { host: string; port: number }): Promise<EmbeddedBroker> {
  const { host, port } = options;
  const aedes = await Aedes.createBroker();
  // Without noDelay, small messages wait for the acknowledgement of the one before.
  const server = createServer({ noDelay: true }, aedes.handle);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (cause) {
    aedes.close();
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
  return {
    url: `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`,
    async close() {
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
