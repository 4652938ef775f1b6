import { defineErrors, messageOf } from "../../base/index.ts";

/** The errors of dongles; `docs/reference/errors.md` explains them. */
export const dongleErrors = defineErrors({
  "dongle/none-found": {
    fault: "place",
    meaning:
      "No dongle was found on any USB port. Plug it in; `moteq dongle list` shows what is there. A port can also be named: `--radio serial:/dev/ttyUSB0`.",
  },
  "dongle/several-found": {
    fault: "caller",
    meaning: "More than one board is plugged in. Name the port of the one that is the dongle.",
  },
  "dongle/no-answer": {
    fault: "peer",
    meaning:
      "What is at the port says nothing: no firmware, no power, or it hangs. Unplug it and plug it in again. A board without MicroPython needs that first.",
  },
  "dongle/not-micropython": {
    fault: "peer",
    meaning:
      "What is at the port speaks, but is no MicroPython. Is it the right port? Otherwise flash MicroPython for its chip.",
  },
  "dongle/no-espnow": {
    fault: "peer",
    meaning:
      "The board runs MicroPython, but one without ESP-NOW. It takes an ESP32, S2, S3, C3 or C6 with MicroPython 1.21 or later.",
  },
  "dongle/not-installed": {
    fault: "peer",
    meaning: "The board runs MicroPython, but not moteq's file. `moteq dongle install PORT` puts it there.",
  },
  "dongle/wrong-version": {
    fault: "peer",
    meaning:
      "moteq's file on the board is of another version than this moteq. `moteq dongle install PORT` puts the right one there.",
  },
  "dongle/occupied": {
    fault: "caller",
    meaning:
      "The board has a `main.py` of its own, which would no longer run. `--force` puts it aside as `main_before_moteq.py`.",
  },
  "dongle/install-failed": {
    fault: "peer",
    meaning:
      "The file did not arrive on the board as it was sent, or the board could not keep it. Try again.",
  },
  "dongle/cut-off": {
    fault: "place",
    meaning:
      "The line to the board could not be opened, or ended in the middle: nothing passes its port on at this TCP address, or it was pulled out.",
  },
  "dongle/refused": {
    fault: "peer",
    meaning: "The chip would not set its radio up as asked. The message says what it said.",
  },
});

/** Says that a line has ended, or could not be opened, whatever kind it is of. */
export function cutOff(cause: Error | undefined, name?: string): Error {
  const why = cause ? messageOf(cause) : "the other side has closed the line";
  return dongleErrors.create("dongle/cut-off", name === undefined ? why : `${name}: ${why}`, { cause });
}
