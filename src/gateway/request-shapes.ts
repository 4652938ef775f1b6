import * as v from "valibot";
import { show } from "../base/index.ts";
import { toMacAddress } from "../device/index.ts";
import { isNodeName, longestTtl } from "./config.ts";
import { gatewayErrors } from "./errors.ts";

// Each message completes the sentence "KEY: expected …".

const node = v.pipe(v.string("a node's name or address"), v.nonEmpty("a node's name or address"));

const address = v.pipe(
  v.string("an address: 12 hexadecimal digits"),
  v.check((given) => toMacAddress(given) !== undefined, "an address: 12 hexadecimal digits"),
);

const nameRule = "a name of 1 to 64 characters without + # / and control characters, not bridge";
const name = v.pipe(
  v.string(nameRule),
  v.check((given) => isNodeName(given), nameRule),
);

function whole(from: number, to: number) {
  const message = `a whole number from ${from} to ${to}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(from, message), v.maxValue(to, message));
}

/** The longest transaction, in characters. */
export const longestTransaction = 256;
const handle = `a text of ${longestTransaction} characters at most`;

const flag = v.boolean("true or false");
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
    fateTransaction: v.optional(v.pipe(v.string(handle), v.maxLength(longestTransaction, handle))),
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
  "node/allow": v.strictObject({ address, name: v.optional(name) }),
  "node/rename": v.strictObject({ node, name }),
  "node/remove": v.strictObject({ node, deny: v.optional(flag) }),
  "join/open": v.strictObject({
    seconds: v.optional(whole(1, 3600), 120),
    code: v.optional(flag, true),
    classic: v.optional(flag, false),
  }),
  "join/close": v.strictObject({ codes: v.optional(flag) }),
  "join/code": v.strictObject({ address: v.optional(address), days: v.optional(whole(1, 365), 7) }),
  "channel/move": v.strictObject({ channel: whole(1, 14), seconds: v.optional(whole(1, 604_800), 3600) }),
  "channel/cancel": v.strictObject({}),
  health: v.strictObject({}),
} as const;

/** Checks a request. @throws `gateway/bad-request`: a sentence for each mistake */
export function readRequest<Name extends keyof typeof requestShapes>(
  kind: Name,
  request: Record<string, unknown>,
): v.InferOutput<(typeof requestShapes)[Name]> {
  const result = v.safeParse(requestShapes[kind], request);
  if (result.success) return result.output;
  const mistakes = result.issues.map((issue) => {
    const place = issue.path?.map(({ key }) => String(key)).join(".") ?? kind;
    if (issue.expected === "never") return `${place}: there is no such key`;
    if (issue.received === "undefined") return `${place}: is missing`;
    return `${place}: expected ${issue.message}, got ${show(issue.input)}`;
  });
  throw gatewayErrors.create("gateway/bad-request", mistakes.join("; "));
}
