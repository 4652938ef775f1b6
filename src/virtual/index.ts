/**
 * The simulated world: a clock that is told when to go on, the air, radios and nodes.
 *
 * @module
 */
export { VirtualClock, type VirtualClockOptions, virtualErrors } from "./clock.ts";
