/** One line that can be switched, as an LED or a relay: ECMA-419's digital output. */
export interface DigitalOutput {
  /**
   * Switches: 1 is on.
   *
   * @throws `device/no-answer` if that could not be done now
   */
  write(value: 0 | 1): Promise<void>;
  /** Lets go of the line. Closing twice does nothing. */
  close(): Promise<void>;
}
