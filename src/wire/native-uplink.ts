import { FieldReader, FieldWriter } from "./native-bytes.ts";
import { encodeItem, type NumberedItem, readItem } from "./native-item.ts";

/** Which parts of a longer item came: a bit each, the lowest of the first byte first. */
export interface PartsThere {
  /** The item's or message's number. */
  readonly number: number;
  readonly bits: Uint8Array;
}

/** Why a node cannot take a message, now or ever. */
export type CannotTake = "too-long" | "malformed";

/** What one uplink says. */
export interface UplinkBody {
  /** Whether the node waits for an answer. */
  readonly answer: boolean;
  /** Whether it wants what waits for it. */
  readonly fetch: boolean;
  /** Whether it stays awake afterwards. */
  readonly stays: boolean;
  /** The number of the first item; the others follow one by one. */
  readonly firstNumber: number;
  readonly items: readonly NumberedItem[];
  /** The numbers of messages that came. */
  readonly came: readonly number[];
  readonly have: readonly PartsThere[];
  readonly cannotTake: readonly { readonly number: number; readonly reason: CannotTake }[];
}

const flags = { answer: 1, fetch: 2, stays: 4, numbered: 8 } as const;
const kinds = { came: 9, have: 10, cannotTake: 11 } as const;
const longestRun = 16;
const reasons = [undefined, "too-long", "malformed"] as const;

/** An uplink's body. */
export function encodeUplinkBody(body: UplinkBody): Uint8Array {
  return assembleUplink(
    body,
    body.items.map((item) => encodeItem(item)),
  );
}

/** An uplink's body of items that are encoded already, in place of those of `body`. */
export function assembleUplink(
  body: Omit<UplinkBody, "items">,
  encodedItems: readonly Uint8Array[],
): Uint8Array {
  const writer = new FieldWriter().u8(
    (body.answer ? flags.answer : 0) |
      (body.fetch ? flags.fetch : 0) |
      (body.stays ? flags.stays : 0) |
      (encodedItems.length > 0 ? flags.numbered : 0),
  );
  if (encodedItems.length > 0) writer.u16(body.firstNumber);
  for (const { start, length } of runsOf(body.came)) writer.u8(first("came", length - 1)).u16(start);
  for (const { number, bits } of body.have) writer.u8(first("have")).u16(number).u8(bits.length).bytes(bits);
  for (const { number, reason } of body.cannotTake) {
    writer.u8(first("cannotTake", reasons.indexOf(reason))).u16(number);
  }
  for (const item of encodedItems) writer.bytes(item);
  return writer.finish();
}

/** Reads an uplink's body; `undefined` if any of it is none of this version. Never throws. Payloads are views of it. */
export function decodeUplinkBody(bytes: Uint8Array): UplinkBody | undefined {
  const reader = new FieldReader(bytes);
  const flagBits = reader.u8();
  if (flagBits > 15) return undefined;
  const numbered = (flagBits & flags.numbered) !== 0;
  const firstNumber = numbered ? reader.u16() : 0;
  const items: NumberedItem[] = [];
  const came: number[] = [];
  const have: PartsThere[] = [];
  const cannotTake: { number: number; reason: CannotTake }[] = [];
  while (!reader.failed && reader.left > 0) {
    const byte = reader.u8();
    const [kind, low] = [byte >> 4, byte & 15];
    if (kind === kinds.came) {
      const start = reader.u16();
      for (let offset = 0; offset <= low; offset++) came.push((start + offset) & 0xffff);
    } else if (kind === kinds.have && low === 0) have.push(readPartsThere(reader));
    else if (kind === kinds.cannotTake) {
      const reason = reasons[low];
      if (!reason) return undefined;
      cannotTake.push({ number: reader.u16(), reason });
    } else {
      const item = readItem(reader, kind, low);
      if (!item || !numbered) return undefined;
      items.push(item);
    }
  }
  if (reader.failed || (numbered && items.length === 0)) return undefined;
  const has = (flag: number) => (flagBits & flag) !== 0;
  return {
    answer: has(flags.answer),
    fetch: has(flags.fetch),
    stays: has(flags.stays),
    firstNumber,
    items,
    came,
    have,
    cannotTake,
  };
}

/** Reads which parts came. */
export function readPartsThere(reader: FieldReader): PartsThere {
  const number = reader.u16();
  return { number, bits: reader.bytes(reader.u8()) };
}

function first(kind: keyof typeof kinds, low = 0): number {
  return (kinds[kind] << 4) | low;
}

/** Numbers that follow each other, together; sixteen at the most. */
function runsOf(numbers: readonly number[]): { start: number; length: number }[] {
  const runs: { start: number; length: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && run.length < longestRun && number === ((run.start + run.length) & 0xffff)) run.length++;
    else runs.push({ start: number, length: 1 });
  }
  return runs;
}
