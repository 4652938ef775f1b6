import { defineErrors, show } from "../base/index.ts";
import type { MacAddress } from "./radio.ts";

/** The errors of radios; `docs/reference/errors.md` explains them. */
export const radioErrors = defineErrors({
  "radio/frame-too-long": {
    fault: "caller",
    meaning: "A frame is empty or longer than the radio carries (250 bytes with ESP-NOW 1.0).",
  },
  "radio/bad-address": {
    fault: "caller",
    meaning: "A radio address is not 12 hexadecimal digits.",
  },
  "radio/bad-channel": {
    fault: "caller",
    meaning: "A channel is not a whole number from 1 to 14.",
  },
  "radio/closed": {
    fault: "caller",
    meaning: "The radio was used after it had been closed.",
  },
});

/** Checks what `send` was given. @throws `radio/bad-address`, `radio/frame-too-long` */
export function assertSendable(destination: MacAddress, bytes: Uint8Array, maximumFrameBytes: number): void {
  if (!isMacAddress(destination)) {
    throw radioErrors.create(
      "radio/bad-address",
      `a radio address is 12 lower-case hexadecimal digits, got ${show(destination)}`,
    );
  }
  if (bytes.length === 0 || bytes.length > maximumFrameBytes) {
    throw radioErrors.create(
      "radio/frame-too-long",
      `a frame is 1 to ${maximumFrameBytes} bytes long, got ${bytes.length}`,
    );
  }
}

/** Checks a channel. @throws `radio/bad-channel` */
export function assertChannel(channel: number): void {
  if (Number.isInteger(channel) && channel >= 1 && channel <= 14) return;
  throw radioErrors.create("radio/bad-channel", `a channel is 1 to 14, got ${show(channel)}`);
}

/** The address that means everybody: such a frame is not acknowledged. */
export const broadcastAddress: MacAddress = "ffffffffffff";

/** Whether a text is a radio address in the form used throughout: 12 lower-case hexadecimal digits. */
export function isMacAddress(text: string): text is MacAddress {
  return /^[0-9a-f]{12}$/.test(text);
}

/** Brings an address as people write it (any case, colons or dashes) into that form; `undefined` if it is none. */
export function toMacAddress(text: string): MacAddress | undefined {
  const plain = text.replaceAll(/[:-]/g, "").toLowerCase();
  return isMacAddress(plain) ? plain : undefined;
}
