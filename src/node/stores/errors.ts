import { defineErrors } from "../../base/index.ts";

/** The errors of stores on disk; `docs/reference/errors.md` explains them. */
export const storeErrors = defineErrors({
  "store/in-use": {
    fault: "place",
    meaning: "Another moteq has the folder of the store. End that one, or name another folder.",
  },
  "store/cannot-open": {
    fault: "place",
    meaning: "The folder of the store cannot be made, read or written.",
  },
  "store/closed": {
    fault: "caller",
    meaning: "The store was used before it was opened, or after it was closed.",
  },
});
