/** What the owner of a wire is told. */
export interface LinkWireListener {
  /** The other end is there, and has forgotten what was before. */
  onUp(): void;
  /** The other end has gone, or, not `gone`, has started anew; `why` for people. It may come up again. */
  onDown(why: string, gone: boolean): void;
  /** A message of the other end's. */
  onMessage(message: Uint8Array): void;
  /** After `send` said `false`: there is room again. */
  onWritable(): void;
}

/** A way between a host and its modem that carries messages: a serial line or five wires. */
export interface LinkWire {
  /** Whether characters above U+007E would be damaged. */
  readonly sevenBit: boolean;
  /** Begins; call it once. */
  start(listener: LinkWireListener): void;
  /** Takes a message whole, or, with `false`, not at all: the wire is down, has no room until `onWritable`, or it is too long. */
  send(message: Uint8Array): boolean;
  /** Whether the other end would never take this message, for its length: to wait for room would be to wait for ever. */
  isTooLong(message: Uint8Array): boolean;
  /** Makes the other end forget everything and come up again. */
  reset(): void;
  /** Ends, behind what was taken. Closing twice does nothing; nothing is told any more. */
  close(): void;
}
