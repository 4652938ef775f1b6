/**
 * moteq on Node: implementations of the interfaces that the portable rooms define.
 *
 * @module
 */
export {
  tcp,
  type TcpOptions,
  tls,
  type TlsOptions,
  webSocket,
  type WebSocketOptions,
} from "./byte-ports/index.ts";
export { systemClock } from "./clock.ts";
export { connect, type ConnectOptions } from "./mqtt.ts";
export { systemRandom } from "./random.ts";
export {
  UdpRadio,
  type UdpRadioCount,
  type UdpEndpoint,
  udpRadioErrors,
  type UdpRadioOptions,
} from "./udp-radio.ts";
