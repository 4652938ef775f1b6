/** Something that one loop waits for and others announce. What is announced while nobody waits is not lost. */
export class Wakeup {
  #announced = false;
  #resume: (() => void) | undefined;

  announce(): void {
    this.#announced = true;
    this.#resume?.();
  }

  /** Resolves at the next announcement, or at once if there was one since the last time. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = () => {
        this.#announced = false;
        this.#resume = undefined;
        resolve();
      };
      if (this.#announced) this.#resume();
    });
  }
}
