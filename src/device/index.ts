/**
 * What devices are: interfaces that `node/` implements for real and `virtual/` simulates.
 *
 * @module
 */
export type { MacAddress, Radio, ReceivedFrame } from "./radio.ts";
export { assertSendable, isMacAddress, radioErrors, toMacAddress } from "./radio-errors.ts";
