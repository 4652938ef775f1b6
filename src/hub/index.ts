/**
 * The composition root: configuration, embedded broker, radio and gateway put together.
 *
 * @module
 */
export { type ConfigSources, loadConfig } from "./config.ts";
export type { HubConfig } from "./config-schema.ts";
export { hubErrors } from "./errors.ts";
