import type { ReceivedFrame } from "../device/index.ts";
import type { Refusal } from "./counters.ts";
import type { GatewayLimits } from "./limits.ts";
import type { GatewayNode } from "./node.ts";
import type { Reports } from "./reports.ts";
import { audienceOf, describeRefusal } from "./report-text.ts";

/** The bounds that refusals speak of. */
const limitOf: Readonly<Partial<Record<Refusal, keyof GatewayLimits>>> = {
  "too-many-uplinks": "uplinks",
  "message-too-long": "message_bytes",
  "too-many-subscriptions": "subscriptions",
  "too-many-nodes": "nodes",
  "too-many-frames": "frames_a_second",
};

/** Says why frames are refused, each kind of reason once an episode. */
export class Refusals {
  readonly #reports: Reports;
  readonly #limits: GatewayLimits;

  constructor(reports: Reports, limits: GatewayLimits) {
    this.#reports = reports;
    this.#limits = limits;
  }

  /**
   * A frame is refused; gives the reason, to be counted.
   *
   * @param command that is not known
   */
  refuse(refusal: Refusal, { source, bytes }: ReceivedFrame, node?: GatewayNode, command?: string): Refusal {
    node?.count("refused");
    this.#reports.trouble(audienceOf(refusal), refusal, () => {
      const bound = limitOf[refusal];
      return describeRefusal(refusal, { source, bytes, limit: bound && this.#limits[bound], command });
    });
    return refusal;
  }
}
