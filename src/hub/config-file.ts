import { readFileSync } from "node:fs";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { messageOf, show } from "../base/index.ts";
import { pathsFrom } from "./config-paths.ts";
import { hubErrors } from "./errors.ts";

/** Settings by section and key, not yet checked. */
export type Tree = Record<string, unknown>;

/** A configuration file, and where in it something stands. */
export interface ConfigFile {
  readonly tree: Tree;
  /** `FILE:LINE: section.key`, to begin an error message with. */
  placeOf(path: readonly string[]): string;
}

/** Reads `asked`, or `moteq.yaml` if that is there. @throws `hub/config-unreadable`, `hub/config-invalid` */
export function readConfigFile(asked: string | undefined): ConfigFile {
  const name = asked ?? "moteq.yaml";
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (cause) {
    if (asked === undefined && (cause as NodeJS.ErrnoException).code === "ENOENT") {
      return { tree: {}, placeOf: (path) => path.join(".") };
    }
    throw hubErrors.create("hub/config-unreadable", `cannot read ${name}: ${messageOf(cause)}`, { cause });
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, stringKeys: true });
  const [fault] = document.errors;
  if (fault) {
    const line = fault.linePos ? `:${fault.linePos[0].line}` : "";
    const what = fault.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "");
    throw hubErrors.create("hub/config-invalid", `${name}${line}: is no YAML: ${what}`);
  }
  const tree: unknown = document.toJS() ?? {};
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    throw hubErrors.create(
      "hub/config-invalid",
      `${name}: expected sections such as "gateway:", found ${show(tree)}`,
    );
  }
  return {
    tree: pathsFrom(name, tree as Tree),
    placeOf: (path) => `${name}${lineOf(document, lineCounter, path)}: ${path.join(".")}`,
  };
}

/** `:LINE` of the nearest part of a path that the document has. */
function lineOf(document: Document.Parsed, lineCounter: LineCounter, path: readonly string[]): string {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return `:${lineCounter.linePos(node.range[0]).line}`;
  }
  return "";
}
