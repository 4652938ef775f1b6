import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A program in place of one that needs hardware: it notes how it was called, and does as it is told.
 * What it stands for has been checked by hand against Debian's own.
 */
export interface StandIn extends Disposable {
  /** The path to run. */
  readonly path: string;
  /** The words of each call so far. */
  readonly calls: string[][];
  /** From now on it fails with this complaint; `undefined` for no more. */
  failWith(complaint: string | undefined): void;
}

/** @param body lines of shell that run behind the noting */
export function createStandIn(body = ""): StandIn {
  const folder = mkdtempSync(join(tmpdir(), "moteq-tool-"));
  const path = join(folder, "tool");
  const log = join(folder, "calls");
  const complaint = join(folder, "complaint");
  const lines = [
    "#!/bin/sh",
    `for word in "$@"; do printf '%s\\037' "$word"; done >> ${log}`,
    `echo >> ${log}`,
    `if [ -f ${complaint} ]; then cat ${complaint} >&2; exit 1; fi`,
    body,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
  return {
    path,
    get calls() {
      if (!existsSync(log)) return [];
      const text = readFileSync(log, "utf8").trimEnd();
      return text.split("\n").map((line) => line.split("\u001f").slice(0, -1));
    },
    failWith(text) {
      if (text === undefined) rmSync(complaint, { force: true });
      else appendFileSync(complaint, text);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
