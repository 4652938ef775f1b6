import { randomBytes } from "node:crypto";
import type { Random, RandomBytes } from "../base/index.ts";

/** The engine's own randomness: for chances and jitter, not for keys. */
export const systemRandom: Random = { next: () => Math.random() };

/** The system's cryptographic randomness, for keys and nonces. */
export const systemRandomBytes: RandomBytes = (length) => new Uint8Array(randomBytes(length));
