import { defineErrors } from "../base/index.ts";

/** The errors of the gateway; `docs/reference/errors.md` explains them. */
export const gatewayErrors = defineErrors({
  "gateway/bad-setting": {
    fault: "caller",
    meaning: "A setting of the gateway is of the wrong kind or out of its range.",
  },
  "gateway/closed": {
    fault: "caller",
    meaning: "The gateway was started after it had been closed. Make a new one.",
  },
});
