import type { AbortSignalLike } from "./abort.ts";

/** What the owner of a byte port is told. Never called from inside a call of the port's own methods. */
export interface BytePortListener {
  /** Bytes came in. The array is the listener's from then on. */
  onData(bytes: Uint8Array): void;
  /** What `write` could not pass on at once has gone out: there is room again. */
  onWritable(): void;
  /** The port is closed; called once, last. With an error if it did not end by the other side's orderly wish. */
  onClose(error?: Error): void;
}

/**
 * A full-duplex stream of bytes that is open: a TCP, TLS or WebSocket connection, a serial line, a pair in memory.
 * All links of moteq open as one of these, so real and simulated ones are equals.
 */
export interface BytePort {
  /** Names the listener and begins to deliver; call it once, in the same turn in which the port was received. */
  start(listener: BytePortListener): void;
  /**
   * Takes all of `bytes`, in order. `false` means that they were taken but wait in memory: hold further ones back
   * until `onWritable`. Without effect once closed. The array must not be changed afterwards.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops (`true`) or resumes (`false`) delivery, so that a slow reader holds the line, not memory. */
  pause(paused: boolean): void;
  /** Closes after what was written has gone out; `abort` drops it instead. Closing twice does nothing. */
  close(how?: "flush" | "abort"): void;
}

/** Opens a byte port. Rejects with the signal's reason when aborted, and with the cause when it cannot be opened. */
export type OpenBytePort = (options: { signal?: AbortSignalLike }) => Promise<BytePort>;
