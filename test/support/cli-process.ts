import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "../house/imports.ts";

/** A `moteq` that runs, as built. */
export interface CliProcess {
  readonly child: ChildProcess;
  /** Its exit code; `null` if a signal ended it. */
  readonly exit: Promise<number | null>;
  out(): string;
  err(): string;
}

/** Starts `moteq` in a folder, without what the environment would say to it. */
export function startCli(
  folder: string,
  words: readonly string[],
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly input?: string;
    /** Leaves the input open behind that, as a pipe is that somebody may still write into. */
    readonly inputGoesOn?: boolean;
    /** A program that runs it, with what stands before its own words. */
    readonly under?: readonly [string, ...string[]];
  } = {},
): CliProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(MOTEQ|MQBOARD)_/.test(name));
  const [program, ...before] = [
    ...(options.under ?? []),
    process.execPath,
    join(root, "bin/moteq.js"),
  ] as const;
  const child = spawn(program ?? "", [...before, ...words], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), HOME: folder, ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  child.stdin.write(options.input ?? "");
  if (!options.inputGoesOn) child.stdin.end();
  let [out, err] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, exit, out: () => out, err: () => err };
}
