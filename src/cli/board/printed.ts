import { toSafeText } from "../output.ts";

/** Writes what a board prints: as it is where a program reads it, made safe where a terminal shows it. */
export function createOutput(): { write(bytes: Uint8Array): void; endLine(): void } {
  const decoder = new TextDecoder();
  let [empty, atLineStart] = [true, true];
  return {
    write(bytes) {
      if (bytes.length === 0) return;
      empty = false;
      atLineStart = bytes.at(-1) === 10;
      if (process.stdout.isTTY) process.stdout.write(toSafeText(decoder.decode(bytes, { stream: true })));
      else process.stdout.write(bytes);
    },
    endLine() {
      if (!empty && !atLineStart) process.stdout.write("\n");
    },
  };
}
