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
  "gateway/unknown-request": {
    fault: "caller",
    meaning: "A topic under `moteq/bridge/request/` names nothing that can be asked.",
  },
  "gateway/bad-request": {
    fault: "caller",
    meaning:
      "The JSON of a request is not what it takes: the message says for each key what was expected and what came.",
  },
  "gateway/transaction-used": {
    fault: "caller",
    meaning:
      "A request has the transaction of another one of its kind that was answered before, and says something else. Give each request a transaction of its own.",
  },
  "gateway/unknown-node": {
    fault: "caller",
    meaning: "A request names a node that the gateway does not know. `moteq nodes` lists those it knows.",
  },
  "gateway/not-taken": {
    fault: "place",
    meaning:
      "A node could not be taken, for the reason that the message says: a bound was reached, as a rule.",
  },
  "gateway/not-queued": {
    fault: "place",
    meaning: "A message could not be queued for a node, for the reason that the message says.",
  },
  "gateway/cannot-move": {
    fault: "place",
    meaning: "The radio cannot be moved to a channel, for the reason that the message says.",
  },
  "gateway/defect": {
    fault: "moteq",
    meaning: "A request met a mistake of moteq's own. Please report it with the request.",
  },
});
