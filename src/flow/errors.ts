import { defineErrors } from "../base/index.ts";

/** The errors of flows; `docs/reference/errors.md` explains them. */
export const flowErrors = defineErrors({
  "flow/bad-option": {
    fault: "caller",
    meaning: "An option of a source, an operator or a sink is of the wrong kind or out of its range.",
  },
  "flow/sensor-failed": {
    fault: "place",
    meaning: "A sensor could not be read. It is read again at its next time.",
  },
  "flow/sensor-hangs": {
    fault: "place",
    meaning: "A sensor did not answer in time. It is asked again once that answer has come.",
  },
  "flow/bad-reading": {
    fault: "peer",
    meaning:
      "A sensor gave a value that cannot be: not a number, or out of its range. The next one may be right.",
  },
  "flow/bad-event": {
    fault: "peer",
    meaning: "A message or a row is no event. It is passed over and counted.",
  },
  "flow/refused": {
    fault: "peer",
    meaning: "Where events are kept does not take this one and never will. It is left out and counted.",
  },
});
