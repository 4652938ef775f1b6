import * as v from "valibot";
import { parse } from "yaml";
import type { Tree } from "./config-file.ts";
import { configSchema } from "./config-schema.ts";

/** `MOTEQ_SECTION_KEY` variables as a tree, and which variable set which path. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>) {
  const tree: Tree = {};
  const variables = new Map<string, string>();
  for (const { path, schema } of settings) {
    const variable = `MOTEQ_${path.join("_").toUpperCase()}`;
    const value = environment[variable];
    if (value === undefined) continue;
    variables.set(path.join("."), variable);
    let branch = tree;
    for (const key of path.slice(0, -1)) branch = (branch[key] ??= {}) as Tree;
    // A password of digits stays a text: only what does not fit as it stands is read as YAML (true, 20, …).
    branch[path.at(-1) ?? ""] = v.is(schema, value) ? value : parseScalar(value);
  }
  return { tree, variables };
}

function parseScalar(value: string): unknown {
  try {
    // An empty text, which YAML has as null, is told as what it is.
    return parse(value) ?? value;
  } catch {
    return value;
  }
}

/** Every setting that one variable can set: the leaves of the schema, and the parts of its topics. */
function settingsOf(schema: v.GenericSchema, path: string[]): { path: string[]; schema: v.GenericSchema }[] {
  const inner = "wrapped" in schema ? (schema.wrapped as v.GenericSchema) : schema;
  if ("entries" in inner) {
    return Object.entries(inner.entries as Record<string, v.GenericSchema>).flatMap(([key, entry]) =>
      settingsOf(entry, [...path, key]),
    );
  }
  // A section whose keys are anybody's.
  if (inner.type === "record" || inner.type === "custom") return [];
  const own = [{ path, schema: inner }];
  if (inner.type !== "union") return own;
  const { options } = inner as unknown as { options: v.GenericSchema[] };
  return [
    ...own,
    ...options.filter((option) => "entries" in option).flatMap((option) => settingsOf(option, path)),
  ];
}

/** Every setting that there is, with its path. */
export const settings = settingsOf(configSchema, []);
