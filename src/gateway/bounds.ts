import type { GatewayParts } from "./parts.ts";

/** Bounds at which something is forgotten that nobody has lost for that. */
export type Bound = "joins" | "sessions" | "retained_topics";

const consequences: Readonly<Record<Bound, string>> = {
  joins: "A node's message in parts is given up for that of another",
  sessions: "The session of a native node is given up for that of another",
  retained_topics: "The last message on a topic is forgotten for that on another",
};

/** A bound was reached: counted, and said once. */
export function noteBound(
  { counters, reports, config }: Pick<GatewayParts, "counters" | "reports" | "config">,
  bound: Bound,
): void {
  counters.bounds.add(bound);
  reports.trouble("status", bound, () => {
    return `${consequences[bound]}: more than limits.${bound} (${config.limits[bound]}) at once`;
  });
}
