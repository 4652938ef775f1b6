import type { Canvas } from "./canvas.ts";

/** A display of dots that are lit or not. */
export interface Display {
  /** What `show` shows: draw on it as often as needed. */
  readonly canvas: Canvas;
  /**
   * Brings the display to what is on the canvas. Calls wait for each other.
   *
   * @throws `device/no-answer` if the display is not there; a later call begins anew
   */
  show(): Promise<void>;
  /** Switches the display off, if it is there, and lets go of it. Closing twice does nothing. */
  close(): Promise<void>;
}
