/**
 * The climate application: temperature, humidity, an LED and a display, for months.
 *
 * @module
 */
export {
  ClimateApplication,
  type ClimateParts,
  type ClimateState,
  createClimateWill,
} from "./application.ts";
export type { ClimateLog, ClimateOptions, ClimateSettings } from "./options.ts";
export { type ClimateView, drawScreen } from "./screen.ts";
