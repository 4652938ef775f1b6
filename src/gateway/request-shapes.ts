import * as v from "valibot";
import { show } from "../base/index.ts";
import { longestTtl } from "./config.ts";
import { gatewayErrors } from "./errors.ts";

// Each message completes the sentence "KEY: expected …".

const node = v.pipe(v.string("a node's name or address"), v.nonEmpty("a node's name or address"));

function whole(from: number, to: number) {
  const message = `a whole number from ${from} to ${to}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(from, message), v.maxValue(to, message));
}

const policy = v.picklist(["fifo", "latest"], "fifo or latest");

/** What the requests must look like. */
export const requestShapes = {
  "queue/list": v.strictObject({ node: v.optional(node) }),
  "queue/show": v.strictObject({ node, limit: v.optional(whole(1, 1000), 100) }),
  "queue/add": v.strictObject({
    node,
    topic: v.string("a topic"),
    payload: v.string("a text"),
    encoding: v.optional(v.literal("hex", "hex")),
    ttl: v.optional(whole(1, longestTtl)),
    priority: v.optional(whole(0, 9)),
    policy: v.optional(policy),
  }),
  "queue/drop": v.strictObject({
    node,
    ids: v.pipe(
      v.array(whole(0, Number.MAX_SAFE_INTEGER), "a list of message numbers"),
      v.minLength(1, "a list of message numbers"),
      v.maxLength(1000, "a list of 1000 message numbers at most"),
    ),
  }),
  "queue/flush": v.strictObject({ node }),
} as const;

/** Checks a request. @throws `gateway/bad-request`: a sentence for each mistake */
export function readRequest<Name extends keyof typeof requestShapes>(
  name: Name,
  request: Record<string, unknown>,
): v.InferOutput<(typeof requestShapes)[Name]> {
  const result = v.safeParse(requestShapes[name], request);
  if (result.success) return result.output;
  const mistakes = result.issues.map((issue) => {
    const place = issue.path?.map(({ key }) => String(key)).join(".") ?? name;
    if (issue.expected === "never") return `${place}: there is no such key`;
    if (issue.received === "undefined") return `${place}: is missing`;
    return `${place}: expected ${issue.message}, got ${show(issue.input)}`;
  });
  throw gatewayErrors.create("gateway/bad-request", mistakes.join("; "));
}
