import { isIP } from "node:net";
import { connect, type SecureContextOptions } from "node:tls";
import type { OpenBytePort } from "../../base/index.ts";
import { openSocket } from "./open-socket.ts";
import type { TcpOptions } from "./tcp.ts";

/** Whom a TLS connection trusts, and how it shows who it is. */
export interface TlsOptions extends Pick<SecureContextOptions, "ca" | "cert" | "key" | "passphrase"> {
  /** Whether a certificate that cannot be verified ends the connection. Default `true`. */
  readonly rejectUnauthorized?: boolean;
  /** The name that the certificate must be for, and that is asked for (SNI). Default the host, if it is a name. */
  readonly servername?: string;
}

/** Opens TLS connections. Opening rejects with Node's error, also where the certificate is not trusted. */
export function tls({ host, port, ...options }: TcpOptions & TlsOptions): OpenBytePort {
  const name = isIP(host) ? {} : { servername: host };
  return ({ signal }) =>
    openSocket(
      (reading) => connect({ host, port, ...name, ...options, ...reading }).setNoDelay(true),
      "secureConnect",
      signal,
    );
}
