/**
 * What devices are: interfaces that `node/` implements for real and `virtual/` simulates.
 *
 * @module
 */
export type { MacAddress, Radio, ReceivedFrame, TunableRadio } from "./radio.ts";
export {
  assertChannel,
  assertSendable,
  broadcastAddress,
  isMacAddress,
  radioErrors,
  toMacAddress,
} from "./radio-errors.ts";
