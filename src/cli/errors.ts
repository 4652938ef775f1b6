import { defineErrors } from "../base/index.ts";

/** The errors of the command line; `docs/reference/errors.md` explains them. */
export const cliErrors = defineErrors({
  "cli/timeout": {
    fault: "place",
    meaning:
      "What a command waited for did not come in time. Is the broker there, and the gateway? `--timeout` waits longer.",
  },
  "cli/offline": {
    fault: "place",
    meaning: "The gateway has ended, or has lost the broker at which the command looks for it.",
  },
  "cli/refused": {
    fault: "caller",
    meaning: "The gateway, or the modem, did not do what a command asked for; the message says why.",
  },
  "cli/broker-refused": {
    fault: "caller",
    meaning:
      "The broker does not take this client: its user or password, its client id, or its version of MQTT. Trying again would not help.",
  },
  "cli/bad-argument": {
    fault: "caller",
    meaning:
      "A word or option of the command line is not what the command takes. `moteq COMMAND --help` shows it.",
  },
  "cli/nothing-there": {
    fault: "place",
    meaning:
      "What was asked for is not there, and nothing is wrong with that: no crash is kept, for example.",
  },
  "cli/local-file": {
    fault: "caller",
    meaning: "A file or folder on this side cannot be read or written; the message says which and why.",
  },
  "cli/compiler": {
    fault: "place",
    meaning: "The cross-compiler that a specification asks for is not there, or refused a file.",
  },
});
