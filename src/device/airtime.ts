const longPreambleMs = 0.192;
const shortInterframeSpaceMs = 0.01;
const byteMs = 0.008;
/** What ESP-NOW's action frame puts around the bytes of a frame. */
const overheadBytes = 43;
const acknowledgementBytes = 14;

/**
 * How long a frame is on the air, in milliseconds: 802.11b at 1 Mbit/s with a long preamble, as ESP-NOW sends by default
 * (IEEE 802.11-2020, clause 15.2).
 *
 * @param length bytes of the frame's payload
 */
export function frameAirtimeMs(length: number): number {
  return longPreambleMs + (overheadBytes + length) * byteMs;
}

/** How long an acknowledgement is on the air, in milliseconds. */
export const acknowledgementAirtimeMs = longPreambleMs + acknowledgementBytes * byteMs;

/** How long the medium is kept for an acknowledgement, in milliseconds: the pause before it, and itself. */
export const acknowledgementSlotMs = shortInterframeSpaceMs + acknowledgementAirtimeMs;
