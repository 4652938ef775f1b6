import { decodeUtf8 } from "../base/index.ts";
import { isMacAddress, type MacAddress } from "../device/index.ts";
import type { BrokerMessage } from "./broker-link.ts";

/**
 * The address of another gateway that has just said on our own topic what it is: both would do each request. `undefined` if it
 * is none; what was retained may be of a radio that was replaced.
 */
export function findRival({ payload, retain }: BrokerMessage, own: MacAddress): MacAddress | undefined {
  if (retain) return undefined;
  try {
    const { address } = JSON.parse(decodeUtf8(payload) ?? "") as { readonly address?: unknown };
    return typeof address === "string" && isMacAddress(address) && address !== own ? address : undefined;
  } catch {
    return undefined;
  }
}
