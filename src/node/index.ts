/**
 * moteq on Node: implementations of the interfaces that the portable rooms define.
 *
 * @module
 */
export { systemClock } from "./clock.ts";
export { systemRandom } from "./random.ts";
export { UdpRadio, type UdpRadioCount, type UdpEndpoint, udpRadioErrors, type UdpRadioOptions } from "./udp-radio.ts";
