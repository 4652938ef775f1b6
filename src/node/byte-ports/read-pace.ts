const piecesAMillisecond = Number(process.env["PACE"] ?? 16);

export class ReadPace {
  readonly #hold: (held: boolean) => void;
  #since = 0;
  #pieces = 0;
  constructor(hold: (held: boolean) => void) {
    this.#hold = hold;
  }
  count(): void {
    if (++this.#pieces < piecesAMillisecond) return;
    this.#pieces = 0;
    const now = performance.now();
    const quick = now - this.#since < 1;
    this.#since = now;
    if (!quick) return;
    this.#hold(true);
    setTimeout(() => {
      this.#since = performance.now();
      this.#hold(false);
    }, 1);
  }
}
