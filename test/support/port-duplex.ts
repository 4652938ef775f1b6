import { Duplex } from "node:stream";
import type { BytePort } from "../../src/base/index.ts";

/** A byte port as one of Node's streams, for what only knows those: aedes. */
export function toDuplex(port: BytePort): Duplex {
  let onWritable: (() => void) | undefined;
  const duplex = new Duplex({
    allowHalfOpen: false,
    read: () => port.pause(false),
    write(chunk: Buffer, _encoding, callback) {
      // Node may use a chunk's memory again; a byte port keeps it.
      if (port.write(Uint8Array.from(chunk))) callback();
      else onWritable = callback;
    },
    final(callback) {
      port.close();
      callback();
    },
    destroy(error, callback) {
      // As a socket does: the other end sees an orderly end.
      port.close();
      callback(error);
    },
  });
  port.start({
    onData(bytes) {
      if (!duplex.push(bytes)) port.pause(true);
    },
    onWritable() {
      onWritable?.();
    },
    onClose(error) {
      if (error) duplex.destroy(error);
      else duplex.push(null);
    },
  });
  return duplex;
}
