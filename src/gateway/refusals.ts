import type { ReceivedFrame } from "../device/index.ts";
import type { Refusal } from "./counters.ts";
import type { GatewayNode } from "./node.ts";
import type { Reports } from "./reports.ts";
import { audienceOf, describeRefusal } from "./report-text.ts";

/** What more there is to say of a refusal. */
export interface RefusalDetail {
  /** The bound that was reached. */
  readonly limit?: number;
  /** The command that is not known. */
  readonly command?: string | undefined;
}

/** Says why frames are refused, each kind of reason once an episode. */
export class Refusals {
  readonly #reports: Reports;

  constructor(reports: Reports) {
    this.#reports = reports;
  }

  /** A frame is refused; gives the reason, to be counted. */
  refuse(
    refusal: Refusal,
    { source, bytes }: ReceivedFrame,
    node?: GatewayNode,
    detail: RefusalDetail = {},
  ): Refusal {
    node?.count("refused");
    this.#reports.trouble(audienceOf(refusal), refusal, () =>
      describeRefusal(refusal, { source, bytes, ...detail }),
    );
    return refusal;
  }
}
