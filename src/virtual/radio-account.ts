/** What one radio did and what it cost, since it joined the air. Times in milliseconds. */
export interface RadioAccount {
  /** Frames that went out, broadcasts included. */
  framesSent: number;
  bytesSent: number;
  /** Frames that its program was given, duplicates included. */
  framesReceived: number;
  bytesReceived: number;
  /** Sends to one radio that were answered with `true`. */
  acknowledged: number;
  /** Sends to one radio that were answered with `false` after the frame had been on the air. */
  unacknowledged: number;
  /** Sends whose answer was wrong, either way: the frame had arrived and it said `false`, or the reverse. */
  lied: number;
  /** Sends refused because the radio was off. */
  refused: number;
  /** Frames that were acknowledged and dropped: the buffer was full, nobody listened, or it was too long. */
  dropped: number;
  /** Time on the air with frames and acknowledgements of its own. */
  sendingMs: number;
  /** Time on the air of frames and acknowledgements meant for it. */
  receivingMs: number;
  /** Time the radio was on: sending, receiving and listening. */
  awakeMs: number;
}

export function createRadioAccount(): RadioAccount {
  return {
    framesSent: 0,
    bytesSent: 0,
    framesReceived: 0,
    bytesReceived: 0,
    acknowledged: 0,
    unacknowledged: 0,
    lied: 0,
    refused: 0,
    dropped: 0,
    sendingMs: 0,
    receivingMs: 0,
    awakeMs: 0,
  };
}

/** What was spent between two readings of an account. */
export function differenceOf(later: RadioAccount, earlier: RadioAccount): RadioAccount {
  const difference = createRadioAccount();
  for (const name of Object.keys(difference) as (keyof RadioAccount)[]) {
    difference[name] = later[name] - earlier[name];
  }
  return difference;
}
