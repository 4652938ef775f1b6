import { messageOf } from "../base/index.ts";
import type { ReceivedFrame } from "../device/index.ts";
import type { FrameOutcome } from "./counters.ts";
import type { Dialect } from "./dialect.ts";
import { takeToken } from "./node-contact.ts";
import type { GatewayParts } from "./parts.ts";
import type { Refusals } from "./refusals.ts";
import { describeRefusal } from "./report-text.ts";

/**
 * What comes from the air: each frame goes to the dialect that it is written in, and is counted once. Nothing here waits for
 * the broker, the store or the radio, and no frame, whatever its bytes, gets beyond being counted and reported.
 */
export class Uplink {
  readonly #parts: GatewayParts;
  readonly #refusals: Refusals;
  readonly #dialects: readonly Dialect[];

  /** @param dialects the last one takes what none before it speaks */
  constructor(parts: GatewayParts, refusals: Refusals, dialects: readonly Dialect[]) {
    this.#parts = parts;
    this.#refusals = refusals;
    this.#dialects = dialects;
  }

  /** Takes a frame from the air. Never throws. */
  receive(frame: ReceivedFrame): void {
    let outcome: FrameOutcome;
    try {
      outcome = this.#handle(frame);
    } catch (error) {
      const { source, bytes } = frame;
      outcome = "defect";
      this.#parts.reports.trouble("errors", "defect", () => {
        return `${describeRefusal("defect", { source, bytes })}: ${messageOf(error)}`;
      });
    }
    this.#parts.counters.frames.add(outcome);
  }

  #handle(frame: ReceivedFrame): FrameOutcome {
    const { config, clock, nodes } = this.#parts;
    const node = nodes.get(frame.source);
    const limit = config.limits.frames_a_second;
    if (node && !takeToken(node.contact, clock.monotonic(), limit)) {
      return this.#refusals.refuse("too-many-frames", frame, node);
    }
    const dialect = this.#dialects.find((one) => one.speaks(frame.bytes)) ?? this.#dialects.at(-1);
    return dialect ? dialect.receive(frame, node) : "defect";
  }
}
