import type { AbortSignalLike } from "../base/index.ts";
import { linkErrors } from "./errors.ts";

/** How a modem gets onto a network. */
export interface LinkNetwork {
  /** Uses the network that the machine is set up for; `false` if it is not there. */
  useDefault(signal: AbortSignalLike): Promise<boolean>;
  /** Joins a network by name. @throws `link/no-network` */
  use(network: { readonly ssid: string; readonly password: string }, signal: AbortSignalLike): Promise<void>;
}

/** The network is the system's own affair: it is there, and none other can be had. */
export const systemNetwork: LinkNetwork = {
  useDefault: () => Promise.resolve(true),
  use: ({ ssid }) =>
    ssid === ""
      ? Promise.resolve()
      : Promise.reject(
          linkErrors.create(
            "link/no-network",
            `this modem cannot join ${JSON.stringify(ssid)}: it uses the system's network as it is (--network system)`,
          ),
        ),
};

/** Where a modem has the time from. */
export interface TimeSource {
  /** Milliseconds since 1970 (UTC). @throws `link/no-time` */
  read(signal: AbortSignalLike): Promise<number>;
}
