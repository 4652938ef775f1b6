import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const source = join(root, "src");

/** One import of one file. */
export interface Import {
  /** The importing file, relative to `src/`. */
  readonly from: string;
  /** What it imports: a file relative to `src/`, or the name of a package or of a `node:` module. */
  readonly to: string;
  readonly kind: "file" | "package" | "node";
  /** Whether it imports types only, so that nothing is left of it at run time. */
  readonly typeOnly: boolean;
}

/** All TypeScript files below a folder, relative to it. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .toSorted();
}

/** Every import of every file of `src/`. */
export function readImports(): Import[] {
  return listFiles(source).flatMap((file) => importsOf(file, readFileSync(join(source, file), "utf8")));
}

/** The imports of one file: static, re-exported and dynamic ones. */
export function importsOf(file: string, text: string): Import[] {
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const found: { request: string; typeOnly: boolean }[] = [];
  for (const { moduleRequest, entries } of module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    found.push({ request: moduleRequest.value, typeOnly });
  }
  for (const { entries } of module.staticExports) {
    for (const entry of entries) {
      if (entry.moduleRequest) found.push({ request: entry.moduleRequest.value, typeOnly: entry.isType });
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const request = text.slice(moduleRequest.start, moduleRequest.end);
    if (/^["'`]/.test(request)) found.push({ request: request.slice(1, -1), typeOnly: false });
  }
  return found.map(({ request, typeOnly }) => {
    const { to, kind } = resolveRequest(file, request);
    return { from: file, to, kind, typeOnly };
  });
}

function resolveRequest(file: string, request: string): Pick<Import, "to" | "kind"> {
  if (request.startsWith("node:")) return { to: request, kind: "node" };
  if (request.startsWith(".")) {
    return { to: relative(source, resolve(source, dirname(file), request)), kind: "file" };
  }
  const parts = request.split("/");
  return { to: parts.slice(0, request.startsWith("@") ? 2 : 1).join("/"), kind: "package" };
}

/** The room a file of `src/` is in. */
export function roomOf(file: string): string {
  return file.split("/")[0] ?? "";
}

/** The cycles among files, each as the files in it; imports of types alone do not count. */
export function findCycles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to, kind, typeOnly } of imports) {
    if (kind === "file" && !typeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file]);
      return;
    }
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return cycles;
}
