import { boardErrors } from "./errors.ts";

/** What holds a place. What may be let go has a way to be told of it. */
interface Place {
  readonly letGo: ((error: Error) => void) | undefined;
}

/**
 * How much is under way at once. What waits for something that may never come – an evaluation – gives its place to the next
 * command, since callers do not say that they have gone: everything else ends by itself, so that there is always a place.
 */
export class Places {
  readonly #most: number;
  /** In the order in which they came. */
  readonly #held = new Set<Place>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Does something that takes a place until it has ended.
   *
   * @param letGo says that it may be let go, and is told when it is
   * @throws `board/busy`
   */
  async hold(work: () => Promise<void>, letGo?: (error: Error) => void): Promise<void> {
    this.#makeRoom();
    const place: Place = { letGo };
    this.#held.add(place);
    try {
      await work();
    } finally {
      this.#held.delete(place);
    }
  }

  #makeRoom(): void {
    if (this.#held.size < this.#most) return;
    for (const place of this.#held) {
      if (!place.letGo) continue;
      this.#held.delete(place);
      const message = `it waited, and made room for another command: ${this.#most} were under way`;
      place.letGo(boardErrors.create("board/interrupted", message));
      return;
    }
    throw boardErrors.create("board/busy", `${this.#most} commands are under way already`);
  }
}
