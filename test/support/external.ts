import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs from outside that some tests use, and the Debian package that brings each. */
export const externalPrograms = {
  mosquitto: "mosquitto",
  mosquitto_pub: "mosquitto-clients",
  mosquitto_sub: "mosquitto-clients",
  "nats-server": "nats-server",
  ejabberdctl: "ejabberd",
  influxd: "influxdb",
  initdb: "postgresql",
  postgres: "postgresql",
  socat: "socat",
  "qemu-system-arm": "qemu-system-arm",
} as const;

export type ExternalProgram = keyof typeof externalPrograms;

/** Where a program is on this machine; `undefined` if it is not installed. */
export function findProgram(program: ExternalProgram): string | undefined {
  // Debian keeps servers in sbin, which is not on everybody's path.
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
    ...postgresFolders(),
  ];
  return folders.map((folder) => join(folder, program)).find((path) => isExecutable(path));
}

/** Whether all of these programs are there: pass it to `describe.runIf`. */
export function have(...programs: ExternalProgram[]): boolean {
  return programs.every((program) => findProgram(program) !== undefined);
}

/** Debian keeps each version of PostgreSQL's programs in a folder of its own. */
function postgresFolders(): string[] {
  try {
    return readdirSync("/usr/lib/postgresql").map((version) => join("/usr/lib/postgresql", version, "bin"));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
