import { toMacAddress } from "../device/index.ts";
import { gatewayErrors } from "./errors.ts";
import { type Joining, maximumCodes } from "./joining.ts";
import { readRequest } from "./request-shapes.ts";
import type { RequestHandlers } from "./requests.ts";

type JoinHandlers = {
  readonly [
    Name in keyof RequestHandlers as Name extends `join/${string}` ? Name : never
  ]: RequestHandlers[Name];
};

/** Opens and closes the door for new nodes. */
export function createJoinRequests(joining: Joining): JoinHandlers {
  return {
    "join/open"(request) {
      const { seconds, code: wantsCode, classic } = readRequest("join/open", request);
      const { until, code } = joining.open(seconds, { code: wantsCode, classic });
      return { until: new Date(until).toISOString(), code: code ?? null };
    },

    "join/close"(request) {
      const { codes = false } = readRequest("join/close", request);
      const closed = joining.close();
      const revoked = codes ? joining.revokeCodes() : 0;
      return { closed, revoked };
    },

    "join/code"(request) {
      const { address: given, days } = readRequest("join/code", request);
      const address = given === undefined ? undefined : toMacAddress(given);
      const made = joining.createCode(days * 86_400, address);
      if (!made) {
        throw gatewayErrors.create(
          "gateway/not-taken",
          `no code was made: ${maximumCodes} are open already; join/close with codes revokes them`,
        );
      }
      return { code: made.code, expires: new Date(made.expiresAt).toISOString() };
    },
  };
}
