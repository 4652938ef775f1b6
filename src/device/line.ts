/** A digital line that is read: ECMA-419's digital input. */
export interface InputLine {
  /** Its level now. */
  read(): 0 | 1;
  /** Names who is told that the level may have changed; called from outside any call of the line's. One listener. */
  listen(onChange: () => void): void;
}

/** A digital line that is driven, at once: ECMA-419's digital output. */
export interface OutputLine {
  write(level: 0 | 1): void;
}

/** The five lines between a host and its modem, as one end sees them. */
export interface FiveLines {
  readonly clockIn: InputLine;
  readonly dataIn: InputLine;
  readonly clockOut: OutputLine;
  readonly dataOut: OutputLine;
  /** At the host the line that resets the modem, at the modem the same line read. Low is reset. */
  readonly reset: InputLine | OutputLine;
  /** Lets go of the lines. */
  close(): void;
}
