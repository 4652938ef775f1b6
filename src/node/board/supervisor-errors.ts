import { defineErrors } from "../../base/index.ts";

/** The errors of a board's supervisor; `docs/reference/errors.md` explains them. */
export const supervisorErrors = defineErrors({
  "node/board-runs": {
    fault: "caller",
    meaning: "Another process runs a board with this data folder. Give each board its own `board.data`.",
  },
  "node/board-folder": {
    fault: "place",
    meaning:
      "The board's data folder, `board.data`, is not there and cannot be made. Is something else in its place, or its disk not there?",
  },
  "node/watchdog-device": {
    fault: "place",
    meaning:
      "The hardware watchdog cannot be opened, or is no device. Is its driver loaded, and may this user write to it?",
  },
});
