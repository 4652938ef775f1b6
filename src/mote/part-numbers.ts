import { type Clock, show } from "../base/index.ts";
import { encodePublication, type Publication } from "../wire/index.ts";
import { moteErrors } from "./errors.ts";

/** Cuts publications into frames and numbers those that need several. */
export class PartNumbers {
  #next: number;

  constructor(clock: Clock) {
    // A sleeper starts anew at each wake and must not begin with the number of the last: the clock tells them apart,
    // spread by a golden-ratio hash since wakes come at even times.
    this.#next = (Math.imul(Math.floor(clock.now()), 0x9e3779b1) >>> 0) % 1000;
  }

  /** The frames of one publication. @throws `mote/too-long` */
  cut(publication: Publication, maximumFrameBytes: number): Uint8Array[] {
    const frames = encodePublication(publication, maximumFrameBytes, this.#next);
    if (!frames) {
      throw moteErrors.create(
        "mote/too-long",
        `${publication.payload.length} bytes on ${show(publication.topic)} don't fit into 255 frames of ${maximumFrameBytes} bytes`,
      );
    }
    if (frames.length > 1) this.#next = (this.#next + 1) % 1000;
    return frames;
  }
}
