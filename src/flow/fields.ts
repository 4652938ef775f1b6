/** What a field of a row or a line can hold. */
export type FieldValue = number | string | boolean;

/**
 * A value as named fields: a number, text or truth is `value`; of an object each part is one, with those of objects within
 * it as `thermometer.temperature`. What is none of these is left out.
 */
export function fieldsOf(value: unknown): [name: string, value: FieldValue][] {
  if (isField(value)) return [["value", value]];
  const fields: [string, FieldValue][] = [];
  collect(value, "", fields, 0);
  return fields;
}

function collect(value: unknown, prefix: string, fields: [string, FieldValue][], depth: number): void {
  if (typeof value !== "object" || value === null || depth > 4) return;
  for (const [name, inner] of Object.entries(value)) {
    if (isField(inner)) fields.push([prefix + name, inner]);
    else collect(inner, `${prefix}${name}.`, fields, depth + 1);
  }
}

function isField(value: unknown): value is FieldValue {
  return ["number", "string", "boolean"].includes(typeof value);
}
