// 802.11b at 1 Mbit/s, as ESP-NOW sends by default (IEEE 802.11-2020, clause 15): 8 µs a byte.

const longPreambleMs = 0.192;
const shortInterframeSpaceMs = 0.01;
const byteMs = 0.008;
/** What ESP-NOW puts around the bytes of a frame. */
const overheadBytes = 43;
const acknowledgementBytes = 14;

/** How long a frame of so many bytes is on the air, in milliseconds. */
export function frameAirtimeMs(length: number): number {
  return longPreambleMs + (overheadBytes + length) * byteMs;
}

/** How long an acknowledgement is on the air, in milliseconds. */
export const acknowledgementAirtimeMs = longPreambleMs + acknowledgementBytes * byteMs;

/** How long the medium is kept for an acknowledgement: the pause before it, and itself. */
export const acknowledgementSlotMs = shortInterframeSpaceMs + acknowledgementAirtimeMs;

/** Strength at 1 m, in dBm, and the loss exponent of a house: at 100 m it comes to −100 dBm. */
const strengthAtOneMetre = -40;
const lossExponent = 3;

/** How strong a frame arrives over so many metres, in whole dBm, by the log-distance path loss. */
export function rssiAt(distanceMetres: number): number {
  return Math.round(strengthAtOneMetre - 10 * lossExponent * Math.log10(Math.max(1, distanceMetres)));
}
