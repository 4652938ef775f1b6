import type { Random } from "../base/index.ts";

/** The engine's own randomness: for chances and jitter, not for keys. */
export const systemRandom: Random = { next: () => Math.random() };
