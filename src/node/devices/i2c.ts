import { show } from "../../base/index.ts";
import { deviceErrors, type I2cDevice } from "../../device/index.ts";
import { runTool } from "./tool.ts";

/** The kernel takes no more messages in one transfer (I2C_RDWR_IOCTL_MAX_MSGS). */
const messagesAtOnce = 42;

/** Which device on which bus. */
export interface I2cOptions {
  /** The bus: 1 for `/dev/i2c-1`. */
  readonly bus: number;
  /** 0x03 … 0x77; an SSD1306 is at 0x3c or 0x3d. */
  readonly address: number;
  /** The program that transfers. Default `i2ctransfer`, of Debian's package `i2c-tools`. */
  readonly tool?: string;
}

/**
 * A device on an I2C bus of Linux, by Debian's `i2ctransfer`: some milliseconds for each transfer, and nothing to compile.
 *
 * @throws `device/bad-option`
 */
export function openI2c({ bus, address, tool = "i2ctransfer" }: I2cOptions): I2cDevice {
  if (!Number.isInteger(bus) || bus < 0 || !Number.isInteger(address) || address < 3 || address > 0x77) {
    throw deviceErrors.create(
      "device/bad-option",
      `an I2C device has a bus (0 or more) and an address from 0x03 to 0x77, got ${show({ bus, address })}`,
    );
  }
  return {
    async write(messages) {
      for (let start = 0; start < messages.length; start += messagesAtOnce) {
        const words = ["-y", String(bus)];
        for (const message of messages.slice(start, start + messagesAtOnce)) {
          words.push(`w${message.length}@0x${address.toString(16)}`);
          for (const byte of message) words.push(`0x${byte.toString(16)}`);
        }
        await runTool(tool, words, "i2c-tools");
      }
    },
    close: () => Promise.resolve(),
  };
}
