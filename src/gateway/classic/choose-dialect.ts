import type { ClassicDialect, ClassicUplink, MalformedUplink } from "../../wire/index.ts";
import type { DialectSetting } from "../config.ts";

/**
 * What is known of a node's dialect after one more frame: a list of one element is of `link` alone, and settles it; bit 2
 * of a publication's qos is of `prototype`.
 */
export function learnDialect(
  known: ClassicDialect | undefined,
  uplink: ClassicUplink | MalformedUplink,
): ClassicDialect | undefined {
  if (known === "link") return known;
  switch (uplink.type) {
    case "get":
    case "ping":
    case "poll":
    case "channel":
      return "link";
    case "malformed":
      return uplink.fault === "unknown-command" ? "link" : known;
    case "publish":
      return uplink.acknowledge ? "prototype" : known;
    default:
      return known;
  }
}

/** The dialect in which a node is answered: set by hand, or else as heard, or else as the gateway begins. */
export function chooseDialect(
  byHand: DialectSetting | undefined,
  heard: ClassicDialect | undefined,
  standard: DialectSetting,
): ClassicDialect {
  if (byHand && byHand !== "auto") return byHand;
  return heard ?? (standard === "auto" ? "prototype" : standard);
}
