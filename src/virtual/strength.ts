/** Strength at 1 m, in dBm, and the loss exponent of a house: at 100 m it comes to −100 dBm. */
const strengthAtOneMetre = -40;
const lossExponent = 3;

/** How strong a frame arrives over so many metres, in whole dBm, by the log-distance path loss. */
export function rssiAt(distanceMetres: number): number {
  return Math.round(strengthAtOneMetre - 10 * lossExponent * Math.log10(Math.max(1, distanceMetres)));
}
