import { defineErrors } from "../base/index.ts";

/** The errors of sensors, outputs and displays; `docs/reference/errors.md` explains them. */
export const deviceErrors = defineErrors({
  "device/no-answer": {
    fault: "place",
    meaning:
      "A sensor, an output or a display is not there or does not answer: pulled off, without power, or its driver is not loaded. It is tried again.",
  },
  "device/bad-value": {
    fault: "peer",
    meaning: "A sensor gave something that is no reading.",
  },
  "device/bad-option": {
    fault: "caller",
    meaning: "An option of a device is of the wrong kind or out of its range.",
  },
  "device/closed": {
    fault: "caller",
    meaning: "A device was used after it had been closed.",
  },
});
