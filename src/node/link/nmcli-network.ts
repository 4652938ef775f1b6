import { execFile } from "node:child_process";
import { type AbortSignalLike, messageOf, onAbort } from "../../base/index.ts";
import { linkErrors, type LinkNetwork } from "../../link/index.ts";

/** Which device, and by which program. */
export interface NmcliOptions {
  /** The wireless device, as `wlan0`. Default: NetworkManager's choice. */
  readonly device?: string;
  /** Default `nmcli`, of Debian's package `network-manager`. */
  readonly tool?: string;
}

/** How long NetworkManager may take for a network, in seconds. */
const patience = 30;

/**
 * Networks by NetworkManager's `nmcli`: the default one is whatever it is set up for; one of `init` is joined by name and
 * password, and remembered by NetworkManager.
 */
export function nmcliNetwork({ device, tool = "nmcli" }: NmcliOptions = {}): LinkNetwork {
  return {
    async useDefault(signal) {
      try {
        const state = await run(tool, ["--terse", "--fields", "STATE", "general"], signal);
        if (/^connected\b/.test(state)) return true;
        if (device === undefined) return false;
        await run(tool, ["--wait", "15", "device", "connect", device], signal);
        return true;
      } catch (error) {
        if (linkErrors.is(error)) return false;
        throw error;
      }
    },
    async use({ ssid, password }, signal) {
      if (ssid === "")
        throw linkErrors.create("link/no-network", "the host named no network (SSID) to be joined");
      const words = ["--wait", String(patience), "device", "wifi", "connect", ssid];
      if (password !== "") words.push("password", password);
      if (device !== undefined) words.push("ifname", device);
      await run(tool, words, signal);
    },
  };
}

/** Runs the tool; the words never pass a shell. */
function run(tool: string, words: readonly string[], signal: AbortSignalLike): Promise<string> {
  return new Promise((resolve, reject) => {
    // In English, so that what it says can be read.
    const environment = { ...process.env, LC_ALL: "C" };
    const child = execFile(
      tool,
      words,
      { timeout: (patience + 5) * 1000, env: environment },
      (error, out, complaint) => {
        release();
        if (signal.aborted) return reject(signal.reason);
        if (!error) return resolve(out);
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        const said = complaint.trim();
        const why = missing
          ? `there is no ${tool}: install Debian's package network-manager, or use --network system`
          : `NetworkManager says: ${said === "" ? messageOf(error).split("\n")[0] : said}`;
        reject(linkErrors.create("link/no-network", why));
      },
    );
    const release = onAbort(signal, () => child.kill());
  });
}
