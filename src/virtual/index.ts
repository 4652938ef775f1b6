/**
 * The simulated world: a clock that is told when to go on, the air, radios and nodes.
 *
 * @module
 */
export { Air, type AirEvent, type AirFrame, type AirOptions, type Interceptor } from "./air.ts";
export { rssiAt } from "./strength.ts";
export { type BytePortPair, type BytePortPairOptions, createBytePortPair } from "./byte-port-pair.ts";
export { type ClimateDevices, createClimateDevices } from "./climate-devices.ts";
export { VirtualClock, type VirtualClockOptions } from "./clock.ts";
export {
  createClimateModel,
  createLightModel,
  type SensorMood,
  SimulatedOutput,
  SimulatedSensor,
} from "./devices.ts";
export { createDemoWorld, type DemoWorld, type DemoWorldOptions } from "./demo-world.ts";
export { virtualErrors } from "./errors.ts";
export type { Faults } from "./faults.ts";
export {
  type NodeContext,
  type NodeEvent,
  type NodeProgram,
  VirtualNode,
  type VirtualNodeOptions,
  type WakeSchedule,
} from "./node.ts";
export {
  createContinuousProgram,
  createInsistentProgram,
  createLampProgram,
  createNativeSensorProgram,
  createPublishOnlyProgram,
  createSubscribeOnlyProgram,
  createWalkerProgram,
} from "./programs.ts";
export type { Fate, VirtualRadio, VirtualRadioOptions } from "./radio.ts";
export type { RadioAccount } from "./radio-account.ts";
export { Ssd1306Chip } from "./ssd1306-chip.ts";
export { measureWake } from "./wake.ts";
export { createFiveLines, type FiveLinesOptions, type FiveLinesPair } from "./five-lines.ts";
