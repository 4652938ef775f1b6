import { defineErrors, type MoteqError } from "../base/index.ts";
import type { Reason } from "./reasons.ts";

/** The errors of the MQTT client; `mqttErrorMeanings` and `docs/reference/errors.md` explain them. */
export const mqttErrors = defineErrors({
  "mqtt/bad-option": { fault: "caller" },
  "mqtt/closed": { fault: "caller" },
  "mqtt/connection-lost": { fault: "place" },
  "mqtt/disconnected": { fault: "peer" },
  "mqtt/message-refused": { fault: "peer" },
  "mqtt/protocol": { fault: "peer" },
  "mqtt/queue-full": { fault: "place" },
  "mqtt/refused": { fault: "peer" },
  "mqtt/request-timeout": { fault: "peer" },
  "mqtt/store-failed": { fault: "place" },
  "mqtt/subscribe-refused": { fault: "peer" },
  "mqtt/timeout": { fault: "peer" },
  "mqtt/too-long": { fault: "caller" },
  "mqtt/unreachable": { fault: "place" },
});

/** The code of one of the client's errors. */
export type MqttErrorCode = keyof typeof mqttErrors.table;

/** What the other side says about itself with a reason code. */
interface Explanation {
  readonly filter?: string;
  readonly reasonString?: string;
  readonly serverReference?: string;
  readonly userProperties?: unknown;
}

/** What names reason codes, where there is something that does. */
export type ReasonOf = ((reasonCode: number) => Reason) | undefined;

/**
 * Makes the error for a reason code: `what` begins the message, `detail` gets the code, its name as `reason` if that is
 * known, and what the other side said besides.
 */
export function reasonError(
  reasonOf: ReasonOf,
  code: MqttErrorCode,
  what: string,
  reasonCode: number,
  explanation: Explanation = {},
): MoteqError<MqttErrorCode> {
  const { reasonString } = explanation;
  const reason = reasonOf?.(reasonCode);
  const named = reason === undefined ? "reason" : reason.replaceAll("-", " ");
  const said = reasonString === undefined ? "" : `: ${reasonString}`;
  const message = `${what}: ${named} (0x${reasonCode.toString(16)})${said}`;
  return mqttErrors.create(code, message, { detail: { reasonCode, reason, ...explanation } });
}
