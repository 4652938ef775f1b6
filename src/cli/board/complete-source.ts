const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * Whether a source can be evaluated as it stands: nothing is open, and in Python a block is ended by an empty line. A guess:
 * what is wrong in any case counts as whole, so that the board can say so.
 */
export function isComplete(source: string, language: "python" | "javascript"): boolean {
  const open = openAtEnd(source, language);
  if (open.string !== undefined && open.string.length > 0) {
    const mayGoOn = open.string.length === 3 || open.string === "`";
    if (mayGoOn) return false;
  }
  if (open.brackets > 0 || source.endsWith("\\")) return false;
  if (language === "javascript") return true;
  const lines = source.split("\n");
  const isBlock = lines.some((line) => /:\s*(#.*)?$/.test(line)) || /^\s*@/.test(lines[0] ?? "");
  return !isBlock || (lines.length > 1 && lines.at(-1)?.trim() === "");
}

/** Brackets that are open at the end, and the quotation marks of a text that is. */
function openAtEnd(
  source: string,
  language: "python" | "javascript",
): { brackets: number; string: string | undefined } {
  const expected: string[] = [];
  let string: string | undefined;
  for (let index = 0; index < source.length; index++) {
    const character = source.charAt(index);
    if (string !== undefined) {
      if (character === "\\") index++;
      else if (source.startsWith(string, index)) {
        index += string.length - 1;
        string = undefined;
      } else if (character === "\n" && string.length === 1 && string !== "`") string = undefined;
      continue;
    }
    const comment = language === "python" ? character === "#" : source.startsWith("//", index);
    if (comment) {
      const end = source.indexOf("\n", index);
      if (end < 0) break;
      index = end;
    } else if (`"'${language === "python" ? "" : "`"}`.includes(character)) {
      const triple = character.repeat(3);
      string = language === "python" && source.startsWith(triple, index) ? triple : character;
      index += string.length - 1;
    } else if (character in closers) expected.push(closers[character] ?? "");
    else if (character === expected.at(-1)) expected.pop();
  }
  return { brackets: expected.length, string };
}
