import type { Clock, RandomBytes } from "../base/index.ts";
import type { Radio } from "../device/index.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { GatewaySettings } from "./config.ts";
import type { GatewayLog } from "./reports.ts";
import type { GatewayStore } from "./store.ts";

/** How a gateway is made. */
export interface GatewayOptions {
  /** What hears and reaches the nodes. The caller opens and closes it. */
  readonly radio: Radio;
  /**
   * The way to the broker, an `MqttClient` as a rule. The caller makes and closes it, gives it the will of
   * {@link createBridgeWill}, and passes its messages to `receive` and its statuses to `brokerStatus`.
   */
  readonly client: BrokerLink;
  /** Where nodes and their queues are kept. The gateway opens and closes it. */
  readonly store: GatewayStore;
  readonly clock: Clock;
  readonly config?: GatewaySettings;
  /**
   * Bytes that nobody can foresee, for the keys of native nodes: `crypto.getRandomValues` where there is one. Default: none,
   * and native nodes are not understood.
   */
  readonly randomBytes?: RandomBytes;
  /** What the broker is called in status lines. Default: it is not named. */
  readonly brokerName?: string;
  /** moteq's version, as `moteq/bridge/info` gives it. Default `unknown`. */
  readonly version?: string;
  /** Gets every line that is reported, and the gateway's own failures. Default: nobody does. */
  readonly log?: GatewayLog;
}
