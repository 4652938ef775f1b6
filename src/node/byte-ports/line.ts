import { type OpenBytePort, show } from "../../base/index.ts";
import { linkErrors } from "../../link/index.ts";
import { serial } from "./serial.ts";
import { tcp } from "./tcp.ts";
import { tcpListener } from "./tcp-listener.ts";

/** The speed of a serial port unless another is named, in bits a second. */
const usualBaudRate = 115_200;

/**
 * The line that a text names: `serial:/dev/ttyS0`, `serial:/dev/ttyS0:9600`, `tcp:HOST:PORT` to connect,
 * `listen:PORT` or `listen:HOST:PORT` to wait for somebody who does.
 *
 * @throws `link/bad-option`
 */
export function parseLine(text: string): OpenBytePort {
  const [, kind, rest = ""] = /^(serial|tcp|listen):(.+)$/.exec(text) ?? [];
  if (kind === "serial") {
    const [, path = rest, rate] = /^(.+):(\d{3,8})$/.exec(rest) ?? [];
    return serial({ path, baudRate: rate === undefined ? usualBaudRate : Number(rate) });
  }
  const [, host = kind === "listen" ? "127.0.0.1" : "", port = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(rest) ?? [];
  if (kind !== undefined && host !== "" && Number(port) > 0 && Number(port) < 65_536) {
    const target = { host, port: Number(port) };
    return kind === "tcp" ? tcp(target) : tcpListener(target);
  }
  throw linkErrors.create(
    "link/bad-option",
    `a wire is serial:PATH, serial:PATH:BAUD, tcp:HOST:PORT, listen:PORT or five-wire:…, got ${show(text)}`,
  );
}
