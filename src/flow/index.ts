/**
 * Streams of sensor events: sources, operators, sinks and schedules for rxjs 7.
 *
 * @module
 */
export { BatchSink, type BatchSinkOptions } from "./batch-sink.ts";
export { createClockScheduler } from "./clock-scheduler.ts";
export { flowErrors } from "./errors.ts";
export {
  formatEvent,
  formatTuple,
  isFault,
  parseEvent,
  type SensorEvent,
  type SensorFault,
  type SensorReading,
} from "./event.ts";
export { fieldsOf, type FieldValue } from "./fields.ts";
export { fromMqtt, type FromMqttOptions } from "./from-mqtt.ts";
export { fromSensor, type FromSensorOptions, outOfRange } from "./from-sensor.ts";
export { encodeInfluxLine, type InfluxPoint, toInfluxPoint } from "./influx-line.ts";
export type { LinkMessage, MessageLink, QoS } from "./message-link.ts";
export { dispatch, type Dispatched } from "./operators/dispatch.ts";
export { onlyEvents, onlyFaults } from "./operators/events.ts";
export { periodicMedian } from "./operators/periodic-median.ts";
export { slidingMean } from "./operators/sliding-mean.ts";
export { supplyWhenSilent, type SupplyWhenSilentOptions } from "./operators/supply-when-silent.ts";
export { transduce, type Transducer } from "./operators/transduce.ts";
export { output, outputCount, type OutputOptions } from "./output.ts";
export { Schedule, type ScheduleOptions } from "./schedule.ts";
export type { Sink, SinkCounts, SinkOptions } from "./sink.ts";
export { toMqtt, type ToMqttOptions } from "./to-mqtt.ts";
export { type SqlPool, toPostgres, type ToPostgresOptions } from "./to-postgres.ts";
