import { type Clock, messageOf, type MoteqError } from "../base/index.ts";
import type { Status } from "../mqtt/index.ts";
import { systemClock } from "./clock.ts";

/** A connection that ends so soon after the broker has accepted it, in milliseconds, was taken away. */
const soonMs = 5000;
/** So many of them in a row are no accident. */
const suspicious = 3;

/** How {@link sayStatus} speaks. */
export interface SayStatusOptions {
  /** What to do about another client with the same id, as a clause. Default: what holds for gateways. */
  readonly advice?: string;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Turns a client's status into lines for people: each trouble is said once, however often it is tried, and so is its
 * end.
 *
 * @param url where the broker is; a password in it is not said
 */
export function sayStatus(
  url: string,
  say: (level: "info" | "warn", text: string) => void,
  {
    advice = "give each gateway its own radio.address or broker.client_id",
    clock = systemClock,
  }: SayStatusOptions = {},
): (status: Status) => void {
  const place = url.replace(/\/\/[^/]*@/, "//");
  let said: string | undefined;
  let connectedAt = -Infinity;
  let takenAway = 0;
  return (status) => {
    if (status.type === "connected") {
      connectedAt = clock.monotonic();
      if (takenAway < suspicious) say("info", `connected to the broker at ${place}`);
      said = undefined;
      return;
    }
    if (status.type !== "disconnected") return;
    const wasSoon = clock.monotonic() - connectedAt < soonMs;
    takenAway = wasSoon && isOthersDoing(status.error) ? takenAway + 1 : 0;
    if (takenAway > suspicious) return;
    if (takenAway === suspicious) {
      say(
        "warn",
        `the broker at ${place} accepts this connection and ends it again and again. As a rule another client has the ` +
          `same id: ${advice}`,
      );
      return;
    }
    const trouble = describeTrouble(place, status.error);
    const mayNeedTls = connectedAt === -Infinity && isOthersDoing(status.error) && /^(mqtt|ws):/.test(url);
    const text = mayNeedTls ? `${trouble}. Does it take TLS only (${place.replace(":", "s:")})?` : trouble;
    if (text === said) return;
    said = text;
    say("warn", text);
  };
}

/** Whether the broker has ended a connection, and not this end because of what came. */
function isOthersDoing(error: MoteqError | undefined): boolean {
  return !error || error.code === "mqtt/connection-lost" || error.code === "mqtt/disconnected";
}

function describeTrouble(url: string, error: MoteqError | undefined): string {
  if (!error) return `the connection to the broker at ${url} ended; trying again until it answers`;
  // OpenSSL's own words may go over several lines.
  const what = messageOf(error).trim().replaceAll(/\s+/g, " ");
  if (/certificate required/.test(what)) {
    return `the broker at ${url} asks for a certificate of ours: name it, and its key, by --cert and --key`;
  }
  switch (error.code) {
    case "mqtt/refused":
      return `the broker at ${url} refuses this client: ${what}. Check user and password; trying again until it accepts`;
    case "mqtt/connection-lost":
      return `the broker at ${url} is gone: ${what}; trying again until it answers`;
    default:
      return `no broker at ${url}: ${what}; trying again until it answers`;
  }
}
