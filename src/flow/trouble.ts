/** Says once that something does not work, and once that it works again. */
export class Trouble {
  readonly #say: (text: string) => void;
  #since: string | undefined;

  constructor(say: ((text: string) => void) | undefined) {
    this.#say = say ?? (() => {});
  }

  /** It does not work; said only if it did before. */
  begins(text: string): void {
    if (this.#since !== undefined) return;
    this.#since = text;
    this.#say(text);
  }

  /** It works; said only if it did not before. */
  ends(text: () => string): void {
    if (this.#since === undefined) return;
    this.#since = undefined;
    this.#say(text());
  }
}
