/**
 * Streams of sensor events on Node: what `moteq/flow` has everywhere, and files and InfluxDB.
 *
 * @module
 */
export {
  BatchSink,
  createClockScheduler,
  dispatch,
  encodeInfluxLine,
  fieldsOf,
  flowErrors,
  formatEvent,
  formatTuple,
  fromMqtt,
  fromSensor,
  isFault,
  onlyEvents,
  onlyFaults,
  outOfRange,
  output,
  outputCount,
  parseEvent,
  periodicMedian,
  Schedule,
  slidingMean,
  supplyWhenSilent,
  toInfluxPoint,
  toMqtt,
  toPostgres,
  transduce,
} from "../flow/index.ts";
export type {
  BatchSinkOptions,
  Dispatched,
  FieldValue,
  FromMqttOptions,
  FromSensorOptions,
  InfluxPoint,
  LinkMessage,
  MessageLink,
  OutputOptions,
  QoS,
  ScheduleOptions,
  SensorEvent,
  SensorFault,
  SensorReading,
  Sink,
  SinkCounts,
  SinkOptions,
  SqlPool,
  SupplyWhenSilentOptions,
  ToMqttOptions,
  ToPostgresOptions,
  Transducer,
} from "../flow/index.ts";
export { fromCsv, type FromCsvOptions } from "./flow/from-csv.ts";
export { toCsv, type ToCsvOptions, toRollingCsv } from "./flow/to-csv.ts";
export { toInflux, type ToInfluxOptions } from "./flow/to-influx.ts";
