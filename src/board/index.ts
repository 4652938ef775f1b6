/**
 * The agent that makes a device manageable through its one MQTT connection, and the supervision that keeps it so.
 *
 * @module
 */
export { BoardAgent, type BoardAgentOptions, createBoardWill } from "./agent.ts";
export type { BootEvent } from "./boot-event.ts";
export {
  type Boot,
  type BootLimits,
  type BootRecord,
  decodeBootRecord,
  decodeStagedImage,
  freshRecord,
  type ImageSlot,
  type ImageState,
  isImageSlot,
  planBoot,
  slotForImage,
  type StagedImage,
  unreadRecord,
} from "./boot-record.ts";
export { type BoardErrorCode, boardErrors } from "./errors.ts";
export { type Board, type BoardModule, loadModules, type LoadOptions } from "./loader.ts";
export { BoardLog, type BoardLogOptions, type Logger, type LogLevel, logLevels } from "./log.ts";
export { outsideError, toBoardPath } from "./path.ts";
export type { BoardFiles, CrashStore, FileEntry, FileWriter, ImageWriter, Keeper, Repl } from "./platform.ts";
export { UncaughtErrors } from "./uncaught.ts";
export {
  type BootState,
  Supervision,
  type SupervisionEffect,
  type SupervisionLimits,
} from "./supervision.ts";
