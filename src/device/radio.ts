/** The address of a radio: 12 lower-case hexadecimal digits, as `70041dad8f15`. */
export type MacAddress = string;

/** A frame that a radio heard. */
export interface ReceivedFrame {
  /** Who sent it. */
  readonly source: MacAddress;
  /** Its bytes, 1 to 1470 of them. They are the receiver's from then on. */
  readonly bytes: Uint8Array;
  /** How strong it was, in dBm (−100 … 0), where the radio can tell. */
  readonly rssi?: number;
}

/** Something that sends and receives frames: a dongle, a simulated radio, UDP. In the manner of ESP-NOW. */
export interface Radio {
  /** The address that nodes send to. */
  readonly address: MacAddress;
  /** The WiFi channel it is on, 1 … 14. */
  readonly channel: number;
  /** What keeps it from working at present, for people; `undefined` if nothing does. */
  readonly problem?: string | undefined;
  /** What works less well than it should, for people; `undefined` if nothing does. */
  readonly degraded?: string | undefined;
  /** The longest frame it carries, in bytes: 250 with ESP-NOW 1.0, 1470 with 2.0. */
  readonly maximumFrameBytes: number;
  /**
   * Names who is told of each frame from now on, in place of any listener named before. Frames that nobody
   * listened for are lost, as on the air.
   * The listener must not throw, and is never called from inside `send`.
   */
  listen(listener: (frame: ReceivedFrame) => void): void;
  /**
   * Sends one frame and tells whether the other radio acknowledged it. That answer can lie both ways: a lost
   * acknowledgement says `false` of a frame that arrived, a full receive buffer says `true` of one that is gone.
   *
   * @throws `radio/frame-too-long`, `radio/bad-address`, `radio/closed`
   */
  send(destination: MacAddress, bytes: Uint8Array): Promise<boolean>;
  /** Ends listening and sending; sends under way settle with `false`. Closing twice does nothing. */
  close(): Promise<void>;
}

/** A radio whose channel the program may choose, as a node does that looks for its gateway. */
export interface TunableRadio extends Radio {
  /**
   * Goes to another channel, 1 … 14; frames on the old one are no longer heard.
   *
   * @throws `radio/bad-channel`, `radio/closed`
   */
  setChannel(channel: number): Promise<void>;
}

/** Whether a radio's channel can be chosen. */
export function isTunable(radio: Radio): radio is TunableRadio {
  return "setChannel" in radio && typeof radio.setChannel === "function";
}
