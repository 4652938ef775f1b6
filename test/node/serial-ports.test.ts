import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findDonglePort } from "../../src/node/dongle/place.ts";
import { isDonglePlace, listSerialPorts } from "../../src/node/index.ts";

let system = "";

beforeEach(() => {
  system = mkdtempSync(join(tmpdir(), "moteq-sys-"));
});

afterEach(() => {
  rmSync(system, { recursive: true });
});

/** Lays out a USB device as the kernel does: the tty under its interface, the ids one or two folders further up. */
function plugIn(name: string, usb: string, properties: Record<string, string>, byId?: string): void {
  const device = join(system, "sys/devices/usb1", usb);
  const inner = name.startsWith("ttyUSB") ? join(device, `${usb}:1.0`, name) : join(device, `${usb}:1.0`);
  mkdirSync(inner, { recursive: true });
  for (const [property, value] of Object.entries(properties))
    writeFileSync(join(device, property), `${value}\n`);
  mkdirSync(join(system, "sys/class/tty", name), { recursive: true });
  symlinkSync(inner, join(system, "sys/class/tty", name, "device"));
  mkdirSync(join(system, "dev/serial/by-id"), { recursive: true });
  writeFileSync(join(system, "dev", name), "");
  if (byId) symlinkSync(`../../${name}`, join(system, "dev/serial/by-id", byId));
}

describe("the serial ports of a Linux machine", () => {
  it("are listed with what is plugged in, and which chip that is", async () => {
    plugIn(
      "ttyUSB0",
      "1-1",
      { idVendor: "10c4", idProduct: "ea60", product: "CP2102 USB to UART" },
      "usb-CP2102-0001",
    );
    plugIn("ttyACM3", "1-2", { idVendor: "303a", idProduct: "1001", product: "USB JTAG/serial debug unit" });
    plugIn("ttyUSB1", "1-3", { idVendor: "067b", idProduct: "2303", product: "GPS" });
    mkdirSync(join(system, "sys/class/tty/ttyS0"));
    const found = await listSerialPorts(system);
    const at = (name: string) => found.find(({ path }) => path === join(system, "dev", name));
    expect(found).toHaveLength(3);
    expect(at("ttyUSB0")).toEqual({
      path: join(system, "dev/ttyUSB0"),
      stablePath: join(system, "dev/serial/by-id/usb-CP2102-0001"),
      vendorId: "10c4",
      productId: "ea60",
      product: "CP2102 USB to UART",
      chip: "CP210x",
    });
    expect(at("ttyACM3")).toMatchObject({
      vendorId: "303a",
      chip: "Espressif's own USB",
      stablePath: undefined,
    });
    expect(at("ttyUSB1")).toMatchObject({ vendorId: "067b", chip: undefined });
  });

  it("are none where nothing is plugged in", async () => {
    expect(await listSerialPorts(system)).toEqual([]);
  });
});

describe("the port where the dongle is", () => {
  const espressif = { idVendor: "303a", idProduct: "1001" };

  it("is that of the only board that could be one", async () => {
    plugIn("ttyACM3", "1-2", espressif);
    plugIn("ttyUSB1", "1-3", { idVendor: "067b", idProduct: "2303", product: "GPS" });
    expect(await findDonglePort(system)).toBe(join(system, "dev/ttyACM3"));
  });

  it("is not guessed where there are several, which are named", async () => {
    plugIn("ttyACM0", "1-2", espressif);
    plugIn("ttyACM1", "1-3", espressif, "usb-Espressif-7");
    await expect(findDonglePort(system)).rejects.toMatchObject({
      code: "dongle/several-found",
      message: `several boards are plugged in. Say which: --radio serial:${system}/dev/ttyACM0, or --radio serial:${system}/dev/serial/by-id/usb-Espressif-7`,
    });
  });

  it("is nowhere where no board is", async () => {
    await expect(findDonglePort(system)).rejects.toMatchObject({ code: "dongle/none-found" });
  });
});

describe("where a dongle can be", () => {
  it.each(["auto", "serial:/dev/ttyUSB0", "serial:COM3", "tcp://dongle.local:3333", "tcp://[::1]:3333"])(
    "is %s",
    (link) => {
      expect(isDonglePlace(link)).toBe(true);
    },
  );

  it.each(["", "serial:", "tcp://host", "tcp://host:0", "tcp://host:70000", "udp:47000", "usb"])(
    "is not %j",
    (link) => {
      expect(isDonglePlace(link)).toBe(false);
    },
  );
});
