import type { LinkInit } from "./messages.ts";

const kinds: Readonly<Record<keyof LinkInit, "string" | "number" | "boolean">> = {
  ssid: "string",
  password: "string",
  broker: "string",
  port: "number",
  user: "string",
  brokerPassword: "string",
  tls: "boolean",
  serverName: "string",
  useDefaultNetwork: "boolean",
  keepaliveSeconds: "number",
  cleanSession: "boolean",
  clientId: "string",
};

/** An unknown value as the options of `init`; `undefined` if one of them is wrong. What is not known is left out. */
export function checkInit(value: unknown): LinkInit | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const given = value as Record<string, unknown>;
  const init: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const option = Object.hasOwn(given, name) ? given[name] : undefined;
    if (option === undefined) continue;
    if (typeof option !== kind) return undefined;
    init[name] = option;
  }
  const { port = 0, keepaliveSeconds = 0 } = init as LinkInit;
  return isSmall(port) && isSmall(keepaliveSeconds) ? init : undefined;
}

/** What a tuple says besides what goes to the modem: how often the host's clock is set. */
export interface TupleInit {
  readonly init: LinkInit;
  /** In seconds; 0 for never, -1 for once. Only in the forms with 13 to 15 fields. */
  readonly clockSeconds?: number;
  /** The name of a time server, in the form with 18 fields. */
  readonly timeServer?: string;
}

/**
 * Reads the tuple `INIT` of the classic host programs, in any of its forms with 13 to 18 fields: numbers may be
 * numbers or their text. `undefined` if it is none.
 *
 * | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
 * |---|---|---|---|---|---|---|---|---|---|---|
 * | init | SSID | password | broker | user | password | SSL parameters | default network | port | SSL | fast |
 *
 * then with 13 to 15 fields: clock, keepalive, clean session, debug; with 16 to 18: keepalive, debug, clean session,
 * repetitions, response time, ping interval, time server.
 */
export function initFromTuple(tuple: readonly (string | number)[]): TupleInit | undefined {
  const fields = tuple.map(String);
  if (fields.length < 13 || fields.length > 18 || fields[0] !== "init") return undefined;
  const late = fields.length >= 16;
  const whole = (at: number) => (/^-?\d{1,9}$/.test(fields[at] ?? "") ? Number(fields[at]) : Number.NaN);
  const flag = (at: number) => flags[fields[at] ?? ""];
  const [, ssid = "", password = "", broker = "", user = "", brokerPassword = "", parameters = ""] = fields;
  const useDefaultNetwork = flag(7);
  const tls = flag(9);
  const cleanSession = fields.length === 13 ? true : flag(13);
  const clockSeconds = late ? 0 : whole(11);
  const keepaliveSeconds = whole(late ? 11 : 12);
  const port = whole(8);
  if (useDefaultNetwork === undefined || tls === undefined || cleanSession === undefined) return undefined;
  if (!isSmall(port) || !isSmall(keepaliveSeconds) || Number.isNaN(clockSeconds)) return undefined;
  const serverName = /['"]server_hostname['"]\s*:\s*['"]([^'"]+)['"]/.exec(parameters)?.[1];
  const timeServer = fields[17];
  return {
    init: {
      ...(ssid === "" ? {} : { ssid, password }),
      ...(broker === "" ? {} : { broker }),
      ...(user === "" ? {} : { user, brokerPassword }),
      ...(serverName === undefined ? {} : { serverName }),
      port,
      tls,
      useDefaultNetwork,
      keepaliveSeconds,
      cleanSession,
    },
    ...(late ? {} : { clockSeconds }),
    ...(timeServer === undefined ? {} : { timeServer }),
  };
}

const flags: Readonly<Record<string, boolean | undefined>> = {
  0: false,
  1: true,
  // Python's own names for them.
  False: false,
  True: true,
};

function isSmall(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}
