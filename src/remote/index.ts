/**
 * The other end of a board: driving one over MQTT, whether it runs moteq's own agent or the original mqrepl.
 *
 * @module
 */
export type { CommandOptions, RemoteBoard, TransferOptions } from "./board.ts";
export { remoteErrors } from "./errors.ts";
export type { RemoteServices } from "./exchange.ts";
export { openBoard, type OpenBoardOptions } from "./open-board.ts";
export { toPythonText } from "./python.ts";
export {
  decideSync,
  fitsPattern,
  parseSyncSpec,
  type SyncDecision,
  type SyncSource,
  type SyncSpec,
  type SyncTarget,
} from "./sync-spec.ts";
