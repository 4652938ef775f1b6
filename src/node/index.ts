/**
 * moteq on Node: implementations of the interfaces that the portable rooms define.
 *
 * @module
 */
export { agentErrors, runAgent, type RunAgentOptions } from "./board/run-agent.ts";
export type { BoardConfig } from "./board/protocol.ts";
export { BoardSupervisor, supervisorErrors } from "./board/supervisor.ts";
export {
  tcp,
  type TcpOptions,
  tls,
  type TlsOptions,
  webSocket,
  type WebSocketOptions,
} from "./byte-ports/index.ts";
export { systemClock } from "./clock.ts";
export { systemCryptography } from "./cryptography.ts";
export { type GpioOptions, openGpioOutput } from "./devices/gpio.ts";
export { type I2cOptions, openI2c } from "./devices/i2c.ts";
export type { IioOptions } from "./devices/iio-device.ts";
export { openIioClimate, openIioLight, openIioTemperature } from "./devices/iio-sensors.ts";
export { type LedOptions, openLed } from "./devices/led.ts";
export { createKeyFile, keyErrors, readPrivateKey } from "./keys.ts";
export { connect, type ConnectOptions } from "./mqtt.ts";
export { systemRandom } from "./random.ts";
export { SqliteStore, type SqliteStoreOptions, storeErrors } from "./stores/sqlite-store.ts";
export {
  UdpRadio,
  type UdpRadioCount,
  type UdpEndpoint,
  udpRadioErrors,
  type UdpRadioOptions,
} from "./udp-radio.ts";
