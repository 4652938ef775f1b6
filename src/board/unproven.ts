/** How much may wait for the broker of answers to those who have proven nothing, in bytes: 3 s on a line of 20 kB/s. */
const mostWaiting = 65_536;

/**
 * Bounds what a board with keys answers to those who have none. Anybody may ask for its information, or be refused; on a slow line such
 * answers would stand in front of the watchdog's feed without an end.
 */
export class Unproven {
  #waiting = 0;

  /** Whether an answer of so many bytes may go out. Then `settle` is to be called when the broker has it. */
  takes(bytes: number): boolean {
    if (this.#waiting + bytes > mostWaiting) return false;
    this.#waiting += bytes;
    return true;
  }

  settle(bytes: number): void {
    this.#waiting -= bytes;
  }
}
