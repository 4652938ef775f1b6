import type { Command } from "commander";
import {
  donglePlace,
  donglePlaceForms,
  installFirmware,
  isDonglePlace,
  listSerialPorts,
  openDongle,
  restartDongle,
  systemClock,
  systemRandom,
} from "../../node/index.ts";
import { cliErrors } from "../errors.ts";
import { formatTable, printError, printLine, toPrintable } from "../output.ts";
import { createProgress } from "../progress.ts";

const services = { clock: systemClock, random: systemRandom };

/** `moteq dongle`: boards that are to be, or are, the radio. */
export function addDongleCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("dongle")
    .description("Makes a radio of an ESP32 on USB, and looks after it.");
  addListCommand(command);
  addInstallCommand(command, signal);
  addInfoCommand(command, signal);
  addResetCommand(command, signal);
}

function addListCommand(command: Command): void {
  command
    .command("list")
    .description("Lists the USB ports at which there is something.")
    .option("--json", "as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const ports = await listSerialPorts();
      if (json) printLine(JSON.stringify(ports, undefined, 2));
      else if (ports.length === 0) printLine("Nothing is plugged in at any USB port that is a serial one.");
      else {
        const rows = ports.map(({ path, chip = "unknown", vendorId = "", productId = "", ...port }) => [
          path,
          `${vendorId}:${productId}`,
          chip,
          toPrintable(port.product ?? ""),
          port.stablePath ?? "",
        ]);
        for (const line of formatTable(["port", "USB id", "chip", "product", "stable path"], rows))
          printLine(line);
      }
    });
}

function addInstallCommand(command: Command, signal: AbortSignal): void {
  command
    .command("install")
    .description("Makes a dongle of a board with MicroPython: puts moteq's file there and starts it.")
    .argument("<port>", `the port of the board: /dev/ttyUSB0, or ${donglePlaceForms}`)
    .option("--force", "put a main.py that is not moteq's aside, as main_before_moteq.py")
    .action(async (port: string, { force = false }: { force?: boolean }) => {
      const place = readPlace(port);
      const progress = await createProgress("lines");
      const board = await installFirmware({
        ...services,
        place,
        force,
        signal,
        progress: (step, done, total) => progress.show(step, done, total),
      }).finally(() => progress.end());
      const radio = await openDongle(place, { ...services, signal });
      const { address } = radio;
      await radio.close();
      printLine(`${board} is a dongle now. Nodes call it ${address}.`);
      printLine(
        `Start the gateway with: npx moteq up --radio ${port.startsWith("/") ? `serial:${port}` : port}`,
      );
    });
}

function addInfoCommand(command: Command, signal: AbortSignal): void {
  command
    .command("info")
    .description("Says what the dongle at a port is, and what it has counted.")
    .argument("<port>", `the port: /dev/ttyUSB0, or ${donglePlaceForms}`)
    .option("--json", "as JSON")
    .action(async (port: string, { json }: { json?: boolean }) => {
      const radio = await openDongle(readPlace(port), {
        ...services,
        signal,
        say: (_level, text) => printError(text),
      });
      try {
        const { address, description } = radio;
        const info = { address, ...description, ...(await radio.statistics()) };
        if (json) printLine(JSON.stringify(info, undefined, 2));
        else
          for (const [name, value] of Object.entries(info))
            printLine(`${name.padEnd(16)} ${toPrintable(String(value))}`);
      } finally {
        await radio.close();
      }
    });
}

function addResetCommand(command: Command, signal: AbortSignal): void {
  command
    .command("reset")
    .description("Restarts the dongle at a port.")
    .argument("<port>", `the port: /dev/ttyUSB0, or ${donglePlaceForms}`)
    .action(async (port: string) => {
      const place = readPlace(port);
      if (!(await restartDongle({ ...services, place }, false))) await place.pulseReset();
      const radio = await openDongle(place, { ...services, signal });
      printLine(`The dongle ${radio.address} has been restarted.`);
      await radio.close();
    });
}

/** A bare path is the same as `serial:` and the path. */
function readPlace(port: string) {
  if (isDonglePlace(port) || /^(?:[./]|COM\d)/i.test(port)) return donglePlace(port);
  throw cliErrors.create(
    "cli/bad-argument",
    `a port is ${donglePlaceForms}, or a path as /dev/ttyUSB0; got ${port}`,
  );
}
