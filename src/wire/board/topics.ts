// Topics of a board, by its base, which is `<prefix>/mqb` by convention:
//
//   <base>/cmd/<command>/<id>[/<tail>]   to the board
//   <base>/reply/out/<id>                from the board, with the two bytes of packet.ts
//   <base>/reply/err/<id>                from the board, plain text
//   <base>/info                          from the board, retained JSON (moteq's own boards)
//   <prefix>/log                         from the board, one line a message

/** A command's topic, taken apart. */
export interface CommandTopic {
  readonly command: string;
  /** Chosen by the caller; the board answers under it. */
  readonly id: string;
  /** What stands behind the id, as a path; `undefined` where nothing does. It may hold slashes. */
  readonly tail: string | undefined;
}

/** What a prefix or a base may be, in words. */
export const boardTopicRule =
  "a topic of 1 to 256 characters, without wildcards (+ or #), controls or half characters, and without a $ in front";

/**
 * Whether a text can be a board's prefix or base. Topics that begin with `$` are the broker's own, controls make brokers end
 * the connection, and some take no topics of more than 256 bytes or 200 levels.
 */
export function isBoardTopic(text: string): boolean {
  return /^(?!\$)[^+#\p{Control}\p{Surrogate}\p{Noncharacter_Code_Point}]{1,256}$/u.test(text);
}

/** The base of a prefix: `greenhouse` → `greenhouse/mqb`. */
export function toBoardBase(prefix: string): string {
  return prefix === "" ? "mqb" : `${prefix.replace(/\/$/, "")}/mqb`;
}

/** Where the log of the board with this base goes: `greenhouse/mqb` → `greenhouse/log`. */
export function toLogTopic(base: string): string {
  return base.endsWith("mqb") ? `${base.slice(0, -3)}log` : `${base}/log`;
}

/** Where the board with this base keeps its information: `greenhouse/mqb` → `greenhouse/mqb/info`. */
export function toInfoTopic(base: string): string {
  return `${base}/info`;
}

/** The topic of a command to the board with this base. */
export function encodeCommandTopic(base: string, { command, id, tail }: CommandTopic): string {
  return `${base}/cmd/${command}/${id}${tail === undefined ? "" : `/${tail}`}`;
}

/** The command in a topic; `undefined` if it is none of this board's. */
export function decodeCommandTopic(base: string, topic: string): CommandTopic | undefined {
  const start = `${base}/cmd/`;
  if (!topic.startsWith(start)) return undefined;
  const rest = topic.slice(start.length);
  const first = rest.indexOf("/");
  if (first < 1) return undefined;
  const second = rest.indexOf("/", first + 1);
  const id = second < 0 ? rest.slice(first + 1) : rest.slice(first + 1, second);
  if (id === "") return undefined;
  return { command: rest.slice(0, first), id, tail: second < 0 ? undefined : rest.slice(second + 1) };
}

/** Whether an answer is what was asked for, or why not. */
export type ReplyKind = "out" | "err";

/** Where the board with this base answers the command with this id; `+` for all of them. */
export function encodeReplyTopic(base: string, kind: ReplyKind, id: string): string {
  return `${base}/reply/${kind}/${id}`;
}

/** What a topic answers; `undefined` if it is no answer of this board. */
export function decodeReplyTopic(base: string, topic: string): { kind: ReplyKind; id: string } | undefined {
  const start = `${base}/reply/`;
  if (!topic.startsWith(start)) return undefined;
  const [kind, id, ...more] = topic.slice(start.length).split("/");
  if ((kind !== "out" && kind !== "err") || id === undefined || id === "" || more.length > 0)
    return undefined;
  return { kind, id };
}

const idDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** An id as the original program makes them: six bytes as 8 characters of the URL-safe base64 alphabet (RFC 4648, 5). */
export function toCommandId(six: Uint8Array): string {
  let id = "";
  for (let index = 0; index < 6; index += 3) {
    const bits = ((six[index] ?? 0) << 16) | ((six[index + 1] ?? 0) << 8) | (six[index + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) id += idDigits.charAt((bits >> shift) & 63);
  }
  return id;
}

/** How a board counts a part of a file or image: its offset in bytes, as decimal digits. */
export function toPartTail(offset: number): string {
  return String(offset);
}

/** The offset in the tail of a part; `undefined` if it is none. */
export function parsePartTail(tail: string | undefined): number | undefined {
  return tail !== undefined && /^(0|[1-9]\d{0,14})$/.test(tail) ? Number(tail) : undefined;
}
