/** Whether the words of a command line ask for JSON. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes("--json");
}

/** Writes what is wrong while a command goes on, on the error stream: for people, or as a line of JSON with `--json`. */
export function printError(message: string): void {
  if (wantsJson(process.argv)) process.stderr.write(`${toJsonLine({ warning: { message } })}\n`);
  else process.stderr.write(`moteq: ${toSafeText(message)}\n`);
}

/** Writes what ended a command, likewise. `detail` is there where there is more to know. */
export function printFailure({ code, message, detail = {} }: Failure): void {
  const more = Object.keys(detail).length === 0 ? {} : { detail };
  if (wantsJson(process.argv)) process.stderr.write(`${toJsonLine({ error: { code, message, ...more } })}\n`);
  else printError(message);
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Writes a line of output. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Ends the process when nobody takes its output any more: quietly where the reader has gone (`moteq sub … | head -1`),
 * with the reason where it could not be written (a full disk).
 */
export function endWithOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    printError(`the output could not be written: ${error.message}`);
    process.exit(1);
  });
  process.stderr.on("error", () => process.exit(1));
}

/** From now on the process goes on although its output cannot be written: what it does matters more than what it says. */
export function goOnWithoutOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners("error");
    stream.on("error", () => {});
  }
}

/** Rows as aligned columns under a heading; the last column is not padded. */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  return [heading, ...rows].map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Controls, which could move the cursor or change colours, and what turns the direction of writing round. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text of one line from a peer, safe to show on a terminal: what is unsafe is written as `\x1b` or `\u202e`. */
export function toPrintable(text: string): string {
  return text.replaceAll(
    unsafe,
    (character) => ({ "\n": "\\n", "\t": "\\t" })[character] ?? escape(character),
  );
}

/** A text of several lines from a peer, safe to show on a terminal: as {@link toPrintable}, but line ends and tabs stay. */
export function toSafeText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(unsafe, (character) => ("\n\t".includes(character) ? character : escape(character)));
}

/** A value as one line of JSON that does nothing to a terminal. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function escape(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length < 3 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
}

/** How long ago something was, as `12 s`, `5 min`, `3 h`, `2 d`. */
export function formatAgo(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Prints data as JSON where that was asked for, and otherwise as `forPeople` does or says. */
export function printData(
  options: { readonly json?: boolean },
  data: unknown,
  forPeople: string | (() => void),
): void {
  if (options.json) printLine(JSON.stringify(data, undefined, 2));
  else if (typeof forPeople === "string") printLine(forPeople);
  else forPeople();
}
