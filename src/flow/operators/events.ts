import { filter, type OperatorFunction } from "rxjs";
import { isFault, type SensorEvent, type SensorFault, type SensorReading } from "../event.ts";

/** Lets only what was measured through. */
export function onlyEvents<Value>(): OperatorFunction<SensorReading<Value>, SensorEvent<Value>> {
  return filter((reading): reading is SensorEvent<Value> => !isFault(reading));
}

/** Lets only faults through. */
export function onlyFaults<Value>(): OperatorFunction<SensorReading<Value>, SensorFault> {
  return filter((reading): reading is SensorFault => isFault(reading));
}
