/**
 * The ground floor: bytes, byte ports, time, randomness, bounded queues, errors. Knows nothing of MQTT or radios.
 *
 * @module
 */
export { type AbortSignalLike, createAborter, onAbort, throwIfAborted, withAbort } from "./abort.ts";
export { AsyncQueue } from "./async-queue.ts";
export { type Backoff, type BackoffOptions, createBackoff } from "./backoff.ts";
export type { BytePort, BytePortListener, OpenBytePort } from "./byte-port.ts";
export { concatBytes, equalBytes, fromHex, toHex } from "./bytes.ts";
export { type Clock, sleep, type Timer } from "./clock.ts";
export { Counters } from "./counters.ts";
export { type Cryptography, type Sha256, sha256Of, type Signer } from "./crypto.ts";
export { defineErrors, type ErrorEntry, type Fault, messageOf, MoteqError, show } from "./errors.ts";
export { formatSpan } from "./format-span.ts";
export { createSeededRandom, type Random, type RandomBytes, randomInteger } from "./random.ts";
export { Ring } from "./ring.ts";
export { decodeUtf8, encodeUtf8, utf8Length, writeUtf8 } from "./utf8.ts";
