import { defineErrors } from "../base/index.ts";

/** The errors of the link; `docs/reference/errors.md` explains them. */
export const linkErrors = defineErrors({
  "link/bad-option": {
    fault: "caller",
    meaning: "A host or modem was given an option, a topic or an `INIT` tuple that it cannot use.",
  },
  "link/closed": {
    fault: "caller",
    meaning: "The link was closed before this was done, or used after it had been closed.",
  },
  "link/no-network": {
    fault: "place",
    meaning:
      "The modem could not join the network that the host named, or cannot join any: start it with `--network nmcli` " +
      "where NetworkManager runs, or bring the network up beforehand.",
  },
  "link/no-time": {
    fault: "place",
    meaning: "The time server did not answer, or not with a time.",
  },
});
