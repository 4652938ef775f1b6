/** One device on an I2C bus, by its address. */
export interface I2cDevice {
  /**
   * Writes messages, each from its own start to its own stop condition, in order.
   *
   * @throws `device/no-answer` if the device, or its bus, is not there; some of the messages may have arrived
   */
  write(messages: readonly Uint8Array[]): Promise<void>;
  /** Lets go of the bus. Closing twice does nothing. */
  close(): Promise<void>;
}
