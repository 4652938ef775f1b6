/** Writes an error for people, on the error stream. */
export function printError(message: string): void {
  process.stderr.write(`moteq: ${toSafeText(message)}\n`);
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

/**
 * A text from a peer, safe to show on a terminal: controls, which could move the cursor or change colours, are
 * written as `\x1b`.
 */
export function toPrintable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (control) =>
    control === "\n"
      ? "\\n"
      : control === "\t"
        ? "\\t"
        : `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * A text of several lines from a peer, safe to show on a terminal: as `toPrintable`, but line ends and tabs stay, and what
 * turns the direction of writing round is written out too.
 */
export function toSafeText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, "0")}`
        : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
}

/** A value as one line of JSON that does nothing to a terminal. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
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
