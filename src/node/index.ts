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
export { type GpioOptions, openGpioOutput } from "./devices/gpio.ts";
export { type I2cOptions, openI2c } from "./devices/i2c.ts";
export type { IioOptions } from "./devices/iio-device.ts";
export { openIioClimate, openIioLight, openIioTemperature } from "./devices/iio-sensors.ts";
export { type LedOptions, openLed } from "./devices/led.ts";
export { connect, type ConnectOptions } from "./mqtt.ts";
export { systemRandom } from "./random.ts";
export { storeErrors } from "./stores/errors.ts";
export { openSessionStore, type SessionStoreOptions } from "./stores/session-log.ts";
export { SqliteStore, type SqliteStoreOptions } from "./stores/sqlite-store.ts";
export {
  UdpRadio,
  type UdpRadioCount,
  type UdpEndpoint,
  udpRadioErrors,
  type UdpRadioOptions,
} from "./udp-radio.ts";
