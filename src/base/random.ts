/** Where randomness comes from. For chances and jitter only, never for keys. */
export interface Random {
  /** A number from 0 to below 1. */
  next(): number;
}

/** Where keys and nonces come from: so many bytes that nobody can guess, from the system's own source. */
export type RandomBytes = (length: number) => Uint8Array;

/**
 * A generator that gives the same numbers for the same seed, so that a simulated fault can be replayed.
 *
 * It is "mulberry32", a public-domain generator of 32 bits of state: ample for simulations.
 *
 * @param seed any whole number; only its lower 32 bits count.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
    },
  };
}

/** A whole number from `minimum` to `maximum`, both included. */
export function randomInteger(random: Random, minimum: number, maximum: number): number {
  return minimum + Math.floor(random.next() * (maximum - minimum + 1));
}
