import { defineErrors } from "../../base/index.ts";

/** The errors of a board's supervisor; `docs/reference/errors.md` explains them. */
export const supervisorErrors = defineErrors({
  "node/board-runs": {
    fault: "caller",
    meaning: "Another process runs a board with this data folder. Give each board its own `board.data`.",
  },
  "node/watchdog-device": {
    fault: "place",
    meaning:
      "The hardware watchdog cannot be opened, or is no device. Is its driver loaded, and may this user write to it?",
  },
});
