import type { Clock } from "../base/index.ts";
import { type BridgeEvent, toBridgeTopic } from "../topics/index.ts";
import type { BrokerLink } from "./broker-link.ts";

/** Tells programs on `moteq/bridge/event` what has happened to nodes, while the broker is there. */
export class Events {
  readonly #options: { readonly link: BrokerLink; readonly clock: Clock; readonly base: string };

  constructor(options: { readonly link: BrokerLink; readonly clock: Clock; readonly base: string }) {
    this.#options = options;
  }

  tell(event: Omit<BridgeEvent, "at">): void {
    const { link, clock, base } = this.#options;
    if (!link.connected) return;
    const text = JSON.stringify({ ...event, at: new Date(clock.now()).toISOString() } satisfies BridgeEvent);
    link.publish(toBridgeTopic(base, "bridge/event"), text, { qos: 1 }).catch(() => {});
  }
}
