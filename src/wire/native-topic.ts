import { utf8Length } from "../base/index.ts";
import type { FieldReader, FieldWriter } from "./native-bytes.ts";

/**
 * A topic or filter as a frame carries it: by name, by an alias agreed before in this session, or both, which agrees on the
 * alias.
 */
export interface NativeTopic {
  /** `undefined`: the alias stands for it. At most 255 bytes of UTF-8. */
  readonly name: string | undefined;
  /** 1 … 31; `undefined`: none. */
  readonly alias: number | undefined;
}

/** The highest alias. */
export const maximumAlias = 31;
/** The longest name of a topic in the native dialect, in bytes of UTF-8. */
export const maximumTopicBytes = 255;

const named = 0x80;

/** Whether a topic can be written at all. */
export function fitsNativeTopic(name: string): boolean {
  const length = utf8Length(name);
  return length > 0 && length <= maximumTopicBytes;
}

/** Writes a topic; it must have a name or an alias. */
export function writeTopic(writer: FieldWriter, { name, alias = 0 }: NativeTopic): void {
  if (name === undefined) writer.u8(alias);
  else
    writer
      .u8(named | alias)
      .u8(utf8Length(name))
      .text(name);
}

/** Reads a topic; the reader fails where there is none. */
export function readTopic(reader: FieldReader): NativeTopic {
  const first = reader.u8();
  const alias = first & 0x7f;
  const hasName = first >= named;
  if (alias > maximumAlias || (alias === 0 && !hasName)) reader.failed = true;
  const length = hasName ? reader.u8() : 0;
  if (hasName && length === 0) reader.failed = true;
  return { name: hasName ? reader.text(length) : undefined, alias: alias === 0 ? undefined : alias };
}
