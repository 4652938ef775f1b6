import type { BridgeResponse } from "../topics/index.ts";
import { gatewayErrors } from "./errors.ts";
import type { Journal } from "./journal.ts";
import { showText } from "./report-text.ts";

/** How many answers are remembered, for requests that the broker brings twice. */
const rememberedAnswers = 256;
/** How much of what was wrong is remembered, in characters. */
const longestError = 500;
/** What the names begin with under which the store keeps answers; the number of a place follows. */
const prefix = "answer/";

interface Answer {
  /** Of the request that it answers. */
  readonly digest: number;
  readonly response: BridgeResponse | Promise<BridgeResponse>;
}

/** An answer as the store keeps it. */
interface StoredAnswer {
  /** Its place in the order in which they were given. */
  readonly sequence: number;
  readonly key: string;
  readonly digest: number;
  readonly response: BridgeResponse;
}

/**
 * What requests that changed something were answered, by their transactions: also after a restart, since the broker may bring a
 * request again that was answered before it.
 */
export class Answers {
  readonly #journal: Journal;
  /** The one given first comes first. */
  readonly #answers = new Map<string, Answer>();
  #sequence = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Remembers the answers of before a restart. */
  restore(settings: ReadonlyMap<string, string>): void {
    const stored = [...settings]
      .filter(([name]) => name.startsWith(prefix))
      .map(([, value]) => JSON.parse(value) as StoredAnswer);
    for (const { sequence, key, digest, response } of stored.toSorted(
      (one, two) => one.sequence - two.sequence,
    )) {
      this.#answers.set(key, { digest, response });
      this.#sequence = sequence + 1;
    }
  }

  /**
   * What a request was answered before; `undefined` if it is new.
   *
   * @param digest of what it says
   * @throws `gateway/transaction-used` if another request had its transaction
   */
  find(
    name: string,
    transaction: string | number,
    digest: number,
  ): BridgeResponse | Promise<BridgeResponse> | undefined {
    const before = this.#answers.get(toKey(name, transaction));
    if (before === undefined || before.digest === digest) return before?.response;
    throw gatewayErrors.create(
      "gateway/transaction-used",
      `another ${name} had the transaction ${showText(String(transaction))}: give each request one of its own`,
    );
  }

  /** A request is being answered: when it comes again, it gets the same. */
  begin(name: string, transaction: string | number, digest: number, response: Promise<BridgeResponse>): void {
    this.#answers.set(toKey(name, transaction), { digest, response });
    if (this.#answers.size <= rememberedAnswers) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  /** Notes an answer in the journal, to be called in the turn in which the request changed something. */
  note(name: string, transaction: string | number, digest: number, response: BridgeResponse): void {
    const { error, ...rest } = response;
    const sequence = this.#sequence++;
    const stored: StoredAnswer = {
      sequence,
      key: toKey(name, transaction),
      digest,
      response: error === undefined ? rest : { ...rest, error: error.slice(0, longestError) },
    };
    this.#journal.add({
      type: "setting",
      name: `${prefix}${sequence % rememberedAnswers}`,
      value: JSON.stringify(stored),
    });
  }
}

function toKey(name: string, transaction: string | number): string {
  return `${name} ${transaction}`;
}
