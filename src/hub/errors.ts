import { defineErrors } from "../base/index.ts";

/** The errors of the hub; `docs/reference/errors.md` explains them. */
export const hubErrors = defineErrors({
  "hub/config-unreadable": {
    fault: "caller",
    meaning: "The configuration file is not there or cannot be read. Check the path given with `--config`.",
  },
  "hub/config-invalid": {
    fault: "caller",
    meaning:
      "A setting is misspelt or has a value outside its range. The message names each one and what is expected.",
  },
  "hub/file-unreadable": {
    fault: "caller",
    meaning:
      "A certificate or key that the configuration names is not there, cannot be read, or does not fit the other.",
  },
  "hub/port-busy": {
    fault: "place",
    meaning:
      "Another program has the port of the embedded broker. Use that broker with `--broker URL`, or another port with `--port N`.",
  },
  "hub/cannot-listen": {
    fault: "place",
    meaning: "The embedded broker cannot listen there: no such address, or no permission for the port.",
  },
  "hub/no-radio": {
    fault: "caller",
    meaning:
      "The gateway was given no radio. Say which with `--radio`, or in `moteq.yaml` under `radio: link:`.",
  },
});
