import { readFileSync, type Stats, statSync } from "node:fs";
import { defineErrors, messageOf } from "../../base/index.ts";

/** The errors of serial ports; `docs/reference/errors.md` explains them. */
export const serialErrors = defineErrors({
  "serial/no-port": {
    fault: "place",
    meaning: "There is no such serial port: nothing is plugged in there, or it has another name now.",
  },
  "serial/no-permission": {
    fault: "place",
    meaning:
      "You may not use the serial port. The message names the group that may: `sudo usermod -aG GROUP YOU`, then log in again.",
  },
  "serial/busy": {
    fault: "place",
    meaning: "Another program has the serial port: a terminal, a flasher, or a second gateway. End it.",
  },
  "serial/not-serial": {
    fault: "caller",
    meaning: "What the path names is there, but is no serial port.",
  },
  "serial/failed": {
    fault: "place",
    meaning: "The serial port could not be opened, for a reason that the system names.",
  },
});

/** Says whose fault it is that a serial port could not be opened, and what to do; the driver has the system's words only. */
export function explainSerialError(cause: Error, path: string): Error {
  const words = cause.message;
  const stats = lookAt(path);
  if (/no such file|file not found/i.test(words)) {
    const why = `there is no serial port ${path}; \`moteq dongle list\` shows those that are there`;
    return serialErrors.create("serial/no-port", why, { cause });
  }
  if (/permission denied/i.test(words)) {
    const group = stats ? groupOf(stats.gid) : "dialout";
    const remedy = `\`sudo usermod -aG ${group} $USER\`, then log in again`;
    const why = `you may not use ${path}: it belongs to the group ${group}. ${remedy}`;
    return serialErrors.create("serial/no-permission", why, { cause, detail: { group } });
  }
  if (/cannot lock|busy|access denied/i.test(words)) {
    const why = `another program has ${path}: a terminal, or a second gateway. End it first`;
    return serialErrors.create("serial/busy", why, { cause });
  }
  if (/inappropriate ioctl/i.test(words) || (stats && !stats.isCharacterDevice())) {
    return serialErrors.create("serial/not-serial", `${path} is no serial port`, { cause });
  }
  return serialErrors.create("serial/failed", `${path} could not be opened: ${messageOf(cause)}`, { cause });
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** The name of a group; its number where it has none. */
function groupOf(id: number): string {
  try {
    const lines = readFileSync("/etc/group", "utf8").split("\n");
    const line = lines.find((one) => one.split(":")[2] === String(id));
    return line?.split(":")[0] ?? String(id);
  } catch {
    return String(id);
  }
}
