/** The gateway's end of the native dialect, one node at a time and without effects. See `NativePeer`. */
export type { WaitingMessage } from "./pack.ts";
export { NativePeer, type NativePeerOptions, type PeerBurst, type PeerSituation } from "./peer.ts";
export type { JoinSecret } from "./handshakes.ts";
export { emptyRecord, isNewNumber, type JoinTerms, type NativeRecord, numberOfSequence } from "./record.ts";
export type {
  ItemOutcome,
  NativeDrop,
  NativeReceipt,
  NativeUplink,
  NodeItem,
  NodeMessageOut,
} from "./uplink.ts";
