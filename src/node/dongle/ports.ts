import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** A serial port at which something is plugged in. */
export interface SerialPortInfo {
  /** `/dev/ttyUSB0`, `COM3`. */
  readonly path: string;
  /** A path that stays the same wherever it is plugged in (`/dev/serial/by-id/…`), where the system gives one. */
  readonly stablePath: string | undefined;
  /** The USB ids of its maker and its kind, four hexadecimal digits each. */
  readonly vendorId: string | undefined;
  readonly productId: string | undefined;
  /** What it calls itself. */
  readonly product: string | undefined;
  /** Which chip speaks USB there, if it is one that boards with an ESP32 have. */
  readonly chip: string | undefined;
}

/** The makers of the chips by which boards with an ESP32 speak USB. */
const chips: Readonly<Record<string, string>> = {
  "303a": "Espressif's own USB",
  "10c4": "CP210x",
  "1a86": "CH340 or CH910x",
  "0403": "FTDI",
};

/**
 * The serial ports at which USB devices are plugged in, by name.
 *
 * @param system the root of the file system, other than `/` for tests
 */
export async function listSerialPorts(system = "/"): Promise<SerialPortInfo[]> {
  const ports = process.platform === "linux" || system !== "/" ? listLinux(system) : await listElsewhere();
  return ports.toSorted((one, other) => one.path.localeCompare(other.path));
}

/** Linux tells all of it in files; the tool that the package asks is not in every container. */
function listLinux(system: string): SerialPortInfo[] {
  const byId = join(system, "dev/serial/by-id");
  const stable = new Map(
    namesIn(byId).map((name) => [basename(resolveLink(join(byId, name))), join(byId, name)]),
  );
  const names = namesIn(join(system, "sys/class/tty")).filter((name) => /^tty(USB|ACM)\d+$/.test(name));
  return names.map((name) => {
    const read = readerOf(resolveLink(join(system, "sys/class/tty", name, "device")));
    return describePort(
      join(system, "dev", name),
      stable.get(name),
      read("idVendor"),
      read("idProduct"),
      read("product"),
    );
  });
}

async function listElsewhere(): Promise<SerialPortInfo[]> {
  const { SerialPort } = await import("serialport");
  const ports = await SerialPort.list();
  return ports
    .filter(({ vendorId }) => vendorId !== undefined)
    .map(({ path, vendorId, productId, manufacturer }) =>
      describePort(path, undefined, vendorId, productId, manufacturer),
    );
}

function describePort(
  path: string,
  stablePath: string | undefined,
  vendorId: string | undefined,
  productId: string | undefined,
  product: string | undefined,
): SerialPortInfo {
  const chip = chips[vendorId?.toLowerCase() ?? ""];
  return { path, stablePath, vendorId, productId, product, chip };
}

/** Reads a property of the USB device that an interface belongs to: it stands in one of the folders above. */
function readerOf(folder: string): (property: string) => string | undefined {
  return (property) => {
    for (let place = folder, depth = 0; depth < 4; place = dirname(place), depth++) {
      try {
        return readFileSync(join(place, property), "utf8").trim();
      } catch {
        // One further up.
      }
    }
    return undefined;
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
