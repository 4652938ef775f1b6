/**
 * The composition root: configuration, embedded broker, radio and gateway put together.
 *
 * @module
 */
export { startBoard } from "./board.ts";
export { brokerUrlOf, connectToBroker, sayStatus } from "./broker-connection.ts";
export {
  type ClimateHardware,
  createSimulatedHardware,
  type RunningClimate,
  screenTopic,
  startClimate,
} from "./climate.ts";
export { type ConfigSources, isConfigured, loadConfig } from "./config.ts";
export type { HubConfig } from "./config-schema.ts";
export { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker.ts";
export { hubErrors } from "./errors.ts";
export { type Hub, startHub } from "./hub.ts";
export { createLog, type Log } from "./log.ts";
export { openLinkWire } from "./link-wire.ts";
export { type ModemSettings, startModem } from "./modem.ts";
export { decodeScreen, encodeScreen } from "./screen-message.ts";
export { readVersion } from "./version.ts";
