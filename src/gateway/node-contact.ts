/** An answer that waits for the radio. */
export interface Reply {
  readonly bytes: Uint8Array;
  /** Called when the node's radio has it. */
  readonly onSent: (() => void) | undefined;
}

/** What is kept of a node only while it is in contact: most nodes sleep most of the time. */
export class NodeContact {
  /** When it was heard or took a frame last, by the monotonic clock. */
  at = -Infinity;
  /** Whether a frame to it was not acknowledged, and it was not heard since. */
  refused = false;
  /** Whether it has said that it goes to sleep, and was not heard since. */
  saidGoodNight = false;
  /** When all that a frame tells was noted last, by the monotonic clock. */
  notedAt = -Infinity;
  /** When it was stored last that it was heard, by the monotonic clock. */
  storedAt = -Infinity;
  /** When its page was published last, by the monotonic clock. */
  pageAt = -Infinity;

  /** Whether its page is to be published anew. */
  hasNews = false;

  /** Frames that it may still send at once; see {@link takeToken}. */
  tokens = Infinity;
  tokensAt = 0;

  /** Answers that wait for its radio, oldest first. */
  readonly replies: Reply[] = [];
  /** Whether frames to it are being sent. */
  serving = false;
  /** Whether it has asked for its messages since they were last begun. */
  asked = false;

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return !this.serving && !this.asked && !this.hasNews && this.replies.length === 0;
  }
}

/**
 * Takes one of the frames that a node may send: `framesASecond` in the long run, twice as many in a burst.
 * `false` if it has none left.
 */
export function takeToken(contact: NodeContact, monotonicNow: number, framesASecond: number): boolean {
  const gained = ((monotonicNow - contact.tokensAt) * framesASecond) / 1000;
  contact.tokens = Math.min(contact.tokens + gained, framesASecond * 2);
  contact.tokensAt = monotonicNow;
  if (contact.tokens < 1) return false;
  contact.tokens--;
  return true;
}
