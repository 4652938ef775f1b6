import { defineErrors } from "../base/index.ts";

/** The errors of the virtual world; `docs/reference/errors.md` explains them. */
export const virtualErrors = defineErrors({
  "virtual/never-settled": {
    fault: "caller",
    meaning: "Something that was waited for in virtual time did not happen within the span allowed for it.",
  },
  "virtual/bad-option": {
    fault: "caller",
    meaning: "A part of the virtual world was given a value outside its range.",
  },
  "virtual/address-taken": {
    fault: "caller",
    meaning:
      "Two radios with one address were to join the same air. Give each its own, or let all say that they share it.",
  },
  "virtual/node-closed": {
    fault: "caller",
    meaning: "A virtual node was closed; what it was waiting for ends with this.",
  },
});
