/**
 * moteq on Node: implementations of the interfaces that the portable rooms define.
 *
 * @module
 */
export { ownIdOf } from "./board/own-id.ts";
export { agentErrors, runAgent, type RunAgentOptions } from "./board/run-agent.ts";
export type { BoardConfig } from "./board/protocol.ts";
export { BoardSupervisor } from "./board/supervisor.ts";
export { supervisorErrors } from "./board/supervisor-errors.ts";
export {
  parseLine,
  serial,
  type SerialBytePort,
  serialErrors,
  type SerialOptions,
  tcp,
  tcpListener,
  type TcpOptions,
  tls,
  type TlsOptions,
  webSocket,
  type WebSocketOptions,
} from "./byte-ports/index.ts";
export { boundOutput } from "./bounded-output.ts";
export { BrokerPersistence, type BrokerPersistenceOptions } from "./broker/broker-persistence.ts";
export { systemClock } from "./clock.ts";
export { systemCryptography } from "./cryptography.ts";
export { type GpioOptions, openGpioOutput } from "./devices/gpio.ts";
export { type I2cOptions, openI2c } from "./devices/i2c.ts";
export type { IioOptions } from "./devices/iio-device.ts";
export { openIioClimate, openIioLight, openIioTemperature } from "./devices/iio-sensors.ts";
export { type LedOptions, openLed } from "./devices/led.ts";
export { systemRandom, systemRandomBytes } from "./random.ts";
export { SqliteStore, type SqliteStoreOptions } from "./stores/sqlite-store.ts";
export { storeErrors } from "./stores/store-errors.ts";
export { ThreadedStore } from "./stores/threaded-store.ts";
export { type GpioLinesOptions, openGpioLines } from "./link/gpio-lines.ts";
export { nmcliNetwork, type NmcliOptions } from "./link/nmcli-network.ts";
export { type NtpOptions, ntpTime, systemTime } from "./link/ntp-time.ts";
export { connect, type ConnectOptions, createClient, openBrokerUrl } from "./mqtt.ts";
export { type BoardServices, restartDongle } from "./dongle/board.ts";
export { DongleRadio, type DongleRadioOptions } from "./dongle/dongle-radio.ts";
export { dongleErrors } from "./dongle/errors.ts";
export { installFirmware, type InstallOptions } from "./dongle/install.ts";
export { openDongle } from "./dongle/open-dongle.ts";
export { type DonglePlace, donglePlace, donglePlaceForms, isDonglePlace } from "./dongle/place.ts";
export { listSerialPorts, type SerialPortInfo } from "./dongle/ports.ts";
export type { DongleCount, DongleDescription } from "./dongle/session.ts";
export { sayStatus, type SayStatusOptions } from "./say-status.ts";
export { openSessionStore, type SessionStoreOptions } from "./stores/session-log.ts";
export { createKeyFile, keyErrors, readPrivateKey } from "./keys.ts";
export {
  UdpRadio,
  type UdpRadioCount,
  type UdpEndpoint,
  udpRadioErrors,
  type UdpRadioOptions,
} from "./udp-radio.ts";
