import { execFile } from "node:child_process";
import { messageOf } from "../../base/index.ts";
import { deviceErrors } from "../../device/index.ts";

/** How long a tool may take, in milliseconds. */
const limitMs = 5000;

/**
 * Runs one of Debian's tools that speak to devices: a library would have to be compiled where moteq is installed.
 *
 * @throws `device/no-answer` with what the tool said
 */
export function runTool(tool: string, words: readonly string[], debianPackage: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(tool, words, { timeout: limitMs }, (error, out, complaint) => {
      if (!error) {
        resolve(out);
        return;
      }
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const said = complaint.trim();
      const why = missing
        ? `there is no ${tool}: install Debian's package ${debianPackage}`
        : `${tool} says: ${said === "" ? messageOf(error) : said}`;
      reject(deviceErrors.create("device/no-answer", why, { cause: error }));
    });
  });
}
