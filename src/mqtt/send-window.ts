/** A line that breaks often must not close the window for good. */
const leastThreshold = 8;
/** So many answers open a window by one that had been too wide before. */
const answersForMore = 64;

/**
 * How many messages at QoS 1 and 2 the broker gets at once: as many as it says, until it has closed a connection on many of them. Then
 * the window opens from one, doubling with each round of answers up to half of what had been too much, and slowly from there.
 */
export class SendWindow {
  size: number;
  /** How many the broker says that it takes. */
  #limit: number;
  /** How far the window opens before it does so slowly, and how many were answered towards the next step of that. */
  #threshold = Infinity;
  #answered = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.size = limit;
  }

  /** A connection begins. */
  open(limit: number): void {
    this.#limit = limit;
    this.size = Math.min(limit, this.#threshold === Infinity ? limit : 1);
  }

  /** The broker has closed one with so many on their way. */
  closed(sent: number): void {
    this.#threshold = Math.max(leastThreshold, Math.ceil(sent / 2));
  }

  /** The broker has taken one. */
  widen(): void {
    if (this.size >= this.#limit) return;
    if (this.size < this.#threshold) this.size++;
    else if (++this.#answered >= answersForMore) {
      this.#answered = 0;
      this.#threshold = ++this.size;
    }
  }
}
