import { connect } from "node:net";
import type { OpenBytePort } from "../../base/index.ts";
import { openSocket } from "./open-socket.ts";

/** Where to connect to. */
export interface TcpOptions {
  /** A name or an address; a name is looked up anew each time. */
  readonly host: string;
  readonly port: number;
}

/**
 * Opens TCP connections. Small packets leave at once (Nagle's algorithm is off). Opening rejects with Node's error,
 * as `connect ECONNREFUSED 127.0.0.1:1883`.
 */
export function tcp({ host, port }: TcpOptions): OpenBytePort {
  return ({ signal }) =>
    openSocket((options) => connect({ host, port, noDelay: true, ...options }), "connect", signal);
}
