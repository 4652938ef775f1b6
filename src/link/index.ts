/**
 * MQTT for a host that has no network: the host, its modem, and the wires between them.
 *
 * @module
 */
export { linkErrors } from "./errors.ts";
export { FiveWire, type FiveWireOptions } from "./five-wire.ts";
export { Modem, type ModemOptions, type ModemReport } from "./modem.ts";
export { MqttLink, type MqttLinkOptions, type LinkLife, type LinkPublishOptions } from "./mqtt-link.ts";
export { type LinkNetwork, systemNetwork, type TimeSource } from "./network.ts";
export { SerialWire, type SerialWireOptions } from "./serial-wire.ts";
export { type LinkStatus, linkStatus, nameOfStatus } from "./status.ts";
export type { LinkWire, LinkWireListener } from "./wire.ts";
