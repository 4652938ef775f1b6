// A message longer than a frame goes as several frames of the same shape whose topics end in `#ID.INDEX/COUNT`,
// as `config/menu#7.1/3`. No topic name may hold a `#`, so it can't be taken for one, and a node that knows
// nothing of parts sees a topic that it does not know.

/** The most parts that one message may have. */
export const maximumParts = 255;

/** The topic of one part. `index` counts from 1; `id` is 0 … 999. */
export function nameOfPart(topic: string, id: number, index: number, count: number): string {
  return `${topic}#${id}.${index}/${count}`;
}

/** What the topic of a part says; `undefined` if it is not a part's. */
export function parsePartName(
  name: string,
): { topic: string; id: number; index: number; count: number } | undefined {
  const mark = name.lastIndexOf("#");
  if (mark < 1) return undefined;
  const numbers = /^(\d{1,3})\.(\d{1,3})\/(\d{1,3})$/.exec(name.slice(mark + 1));
  if (!numbers) return undefined;
  const [id, index, count] = [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])];
  if (index < 1 || index > count || count > maximumParts) return undefined;
  return { topic: name.slice(0, mark), id, index, count };
}

/**
 * Puts the parts of one sender together. It holds one message at a time: parts come in order, a repeated part is
 * taken once, and a message whose parts got lost is dropped as soon as another begins.
 *
 * @typeParam Piece what a part carries: bytes at the gateway, text at a node.
 */
export class PartJoiner<Piece> {
  /** How many messages were dropped because a part of them was missing. */
  incomplete = 0;
  #current:
    | { topic: string; id: number; count: number; pieces: Piece[]; state: "open" | "lost" | "done" }
    | undefined;

  /** Whether a part of the message that the last part belonged to is missing, so that all must be sent again. */
  get lost(): boolean {
    return this.#current?.state === "lost";
  }

  /** What has been taken so far of a message that is not yet whole. */
  get pieces(): readonly Piece[] {
    return this.#current?.pieces ?? [];
  }

  /**
   * Takes a part.
   *
   * @returns all pieces in order with the last part, `undefined` before it and where a part is missing
   */
  add(part: { topic: string; id: number; index: number; count: number }, piece: Piece): Piece[] | undefined {
    const { topic, id, index, count } = part;
    let current = this.#current;
    const same = current?.topic === topic && current.id === id && current.count === count;
    if (!current || !same || (current.state === "lost" && index === 1)) {
      if (current?.state === "open") this.incomplete++;
      current = { topic, id, count, pieces: [], state: "open" };
      this.#current = current;
    }
    if (current.state !== "open" || index <= current.pieces.length) return undefined;
    if (index !== current.pieces.length + 1) {
      this.incomplete++;
      current.state = "lost";
      current.pieces = [];
      return undefined;
    }
    current.pieces.push(piece);
    if (index < count) return undefined;
    // The name stays, so that a repeated last part is known for what it is.
    const pieces = current.pieces;
    current.pieces = [];
    current.state = "done";
    return pieces;
  }
}
