import { dirname, isAbsolute, join } from "node:path";
import type { Tree } from "./config-file.ts";
import { configSchema } from "./config-schema.ts";

const { data, board } = configSchema.entries;

/** Settings that are paths, by section and key, and which they are by default. */
const paths: readonly { readonly section?: string; readonly key: string; readonly byDefault?: string }[] = [
  { section: "broker", key: "ca" },
  { section: "broker", key: "cert" },
  { section: "broker", key: "key" },
  { key: "data", byDefault: data.default },
  { section: "board", key: "data", byDefault: board.wrapped.entries.data.default },
  { section: "board", key: "root" },
];

/**
 * A file's settings with its relative paths as they are meant: from the file's folder, also those that hold by default. So
 * a file means the same board, and the same gateway, wherever it is used from.
 */
export function pathsFrom(file: string, tree: Tree): Tree {
  const folder = dirname(file);
  const placed = { ...tree };
  for (const { section, key, byDefault } of paths) {
    const part = section === undefined ? placed : section in placed ? placed[section] : {};
    // What is no section is refused later.
    if (typeof part !== "object" || part === null || Array.isArray(part)) continue;
    const value = (part as Tree)[key] ?? byDefault;
    if (typeof value !== "string" || value === "" || value === "none" || isAbsolute(value)) continue;
    if (section === undefined) placed[key] = join(folder, value);
    else placed[section] = { ...(part as Tree), [key]: join(folder, value) };
  }
  return placed;
}
