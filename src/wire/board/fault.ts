/** A board's refusal: a code of `docs/reference/board.md` and a text for people. */
export function encodeFault(code: string, text: string): string {
  return `${code}: ${text}`;
}

/** The code and the text of a refusal; boards that run the original mqrepl give no code. */
export function decodeFault(text: string): { readonly code: string | undefined; readonly text: string } {
  const [, code, rest] = /^(board\/[a-z-]+): ([^]*)$/.exec(text) ?? [];
  return code === undefined || rest === undefined ? { code: undefined, text } : { code, text: rest };
}
