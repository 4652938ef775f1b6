import { defineErrors } from "../base/index.ts";

/** The errors of the node's side; `docs/reference/errors.md` explains them. */
export const moteErrors = defineErrors({
  "mote/too-long": {
    fault: "caller",
    meaning:
      "A publication is too long for this radio, even cut into 255 frames. Send less, or a shorter topic.",
  },
  "mote/topic-too-long": {
    fault: "caller",
    meaning: "A topic or filter of a native node has more than 255 bytes of UTF-8. Take a shorter one.",
  },
  "mote/cannot-scan": {
    fault: "caller",
    meaning: "A node was told to scan, but its radio cannot change its channel. Give it the channel instead.",
  },
});
