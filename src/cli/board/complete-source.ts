import { Script } from "node:vm";

const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * Whether a source can be evaluated as it stands: nothing is open, and in Python a block is ended by an empty line. What is
 * wrong in any case counts as whole, so that the board can say so.
 */
export function isComplete(source: string, language: "python" | "javascript"): boolean {
  return language === "javascript" ? isCompleteScript(source) : isCompletePython(source);
}

/** What V8 finds wrong tells: nothing, or something that a further line could not put right, is whole. */
function isCompleteScript(source: string): boolean {
  // `await` may stand in a function only.
  const inFunction = `(async () => {${source}`;
  const compiles = (more: string) => findFault(`${inFunction}\n${more}})()`) === undefined;
  if (findFault(source) === undefined || compiles("")) return true;
  const fault = findFault(inFunction) ?? "";
  if (/^(Unexpected end of input|Unterminated template)/.test(fault)) return false;
  // Of a call that goes on V8 says the same as of one that is wrong.
  return !fault.startsWith("missing )") || ![1, 2, 3, 4].some((depth) => compiles(")".repeat(depth)));
}

function findFault(source: string): string | undefined {
  try {
    void new Script(source);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A guess, since nobody here knows Python. */
function isCompletePython(source: string): boolean {
  const open = openAtEnd(source);
  if (open.string?.length === 3 || open.brackets > 0 || source.endsWith("\\")) return false;
  const lines = source.split("\n");
  const isBlock = lines.some((line) => /:\s*(#.*)?$/.test(line)) || /^\s*@/.test(lines[0] ?? "");
  return !isBlock || (lines.length > 1 && lines.at(-1)?.trim() === "");
}

/** Brackets that are open at the end, and the quotation marks of a text that is. */
function openAtEnd(source: string): { brackets: number; string: string | undefined } {
  const expected: string[] = [];
  let string: string | undefined;
  for (let index = 0; index < source.length; index++) {
    const character = source.charAt(index);
    if (string !== undefined) {
      if (character === "\\") index++;
      else if (source.startsWith(string, index)) {
        index += string.length - 1;
        string = undefined;
      } else if (character === "\n" && string.length === 1) string = undefined;
      continue;
    }
    if (character === "#") {
      const end = source.indexOf("\n", index);
      if (end < 0) break;
      index = end;
    } else if (`"'`.includes(character)) {
      const triple = character.repeat(3);
      string = source.startsWith(triple, index) ? triple : character;
      index += string.length - 1;
    } else if (character in closers) expected.push(closers[character] ?? "");
    else if (character === expected.at(-1)) expected.pop();
  }
  return { brackets: expected.length, string };
}
