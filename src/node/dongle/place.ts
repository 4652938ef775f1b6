import {
  type AbortSignalLike,
  type BytePort,
  type Clock,
  type OpenBytePort,
  sleep,
  throwIfAborted,
} from "../../base/index.ts";
import { serial, serialErrors, tcp } from "../byte-ports/index.ts";
import { cutOff, dongleErrors } from "./errors.ts";
import { listSerialPorts } from "./ports.ts";

/** Bits a second at MicroPython's prompt, and while the dongle's program runs. */
export const promptBaudRate = 115_200;
export const dongleBaudRate = 921_600;

/** Where a dongle is: knows how to open the port to it, at either speed. */
export interface DonglePlace {
  /** As people say it. */
  readonly name: string;
  open(baudRate: number): OpenBytePort;
  /** Restarts the board there by its port's control lines, where it has some. */
  pulseReset(): Promise<void>;
}

/** The forms that the name of a place can have, for messages. */
export const donglePlaceForms = "auto, serial:PATH, or tcp://HOST:PORT";

/** Whether a text names a place where a dongle can be. */
export function isDonglePlace(link: string): boolean {
  return link === "auto" || /^serial:\S/.test(link) || tcpAddress(link) !== undefined;
}

/** The place that `auto`, `serial:/dev/ttyUSB0` or `tcp://host:port` names; a bare path is a serial port too. */
export function donglePlace(link: string): DonglePlace {
  const address = tcpAddress(link);
  // What leads from TCP to the chip has a speed of its own.
  if (address) return { name: link, open: () => openTcp(link, address), pulseReset: () => Promise.resolve() };
  const find = link === "auto" ? () => findDonglePort() : () => Promise.resolve(link.replace(/^serial:/, ""));
  return {
    name: link === "auto" ? "the USB port where it is" : link.replace(/^serial:/, ""),
    // Looks anew each time: what was pulled may come back under another name.
    open: (baudRate) => async (options) => serial({ path: await find(), baudRate })(options),
    async pulseReset() {
      const port = await serial({ path: await find(), baudRate: promptBaudRate })({});
      await port.pulseReset();
      port.close("abort");
    },
  };
}

function tcpAddress(link: string): { host: string; port: number } | undefined {
  const [, host = "", port = ""] = /^tcp:\/\/(?:\[?)([^\s/\]]+?)\]?:(\d{1,5})\/?$/.exec(link) ?? [];
  return host !== "" && Number(port) > 0 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

function openTcp(name: string, address: { host: string; port: number }): OpenBytePort {
  return (options) =>
    tcp(address)(options).catch((error: unknown) => {
      throwIfAborted(options.signal);
      throw cutOff(error instanceof Error ? error : new Error(String(error)), name);
    });
}

/**
 * The port of the only board that could be a dongle.
 *
 * @param system the root of the file system, other than `/` for tests
 * @throws `dongle/none-found`, `dongle/several-found`
 */
export async function findDonglePort(system?: string): Promise<string> {
  const candidates = (await listSerialPorts(system)).filter(({ chip }) => chip !== undefined);
  const [first, second] = candidates;
  if (!first) {
    const why =
      "no USB port has a board that could be the dongle. Is it plugged in? `moteq dongle list` shows what is there";
    throw dongleErrors.create("dongle/none-found", why);
  }
  if (second) {
    const names = candidates.map(({ path, stablePath }) => `--radio serial:${stablePath ?? path}`);
    throw dongleErrors.create(
      "dongle/several-found",
      `several boards are plugged in. Say which: ${names.join(", or ")}`,
    );
  }
  return first.path;
}

/** Opens a port, and tries again for a while where it is not there (yet), as while a board restarts. */
export async function openPatiently(
  open: OpenBytePort,
  clock: Clock,
  patienceMs: number,
  signal?: AbortSignalLike,
): Promise<BytePort> {
  const end = clock.monotonic() + patienceMs;
  for (;;) {
    try {
      return await open(signal ? { signal } : {});
    } catch (error) {
      const mayCome = dongleErrors.is(error, "dongle/none-found") || serialErrors.is(error);
      if (!mayCome || clock.monotonic() >= end) throw error;
      await sleep(clock, 100, signal);
    }
  }
}
