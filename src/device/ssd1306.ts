import { show } from "../base/index.ts";
import { Canvas } from "./canvas.ts";
import type { Display } from "./display.ts";
import { deviceErrors } from "./errors.ts";
import type { I2cDevice } from "./i2c.ts";

const width = 128;
/** The byte before commands, and the one before data (SSD1306 data sheet, 8.1.5.2). */
const [commandControl, dataControl] = [0x00, 0x40];
/** Changed columns that are nearer to each other than this go in one message: a window of its own costs as much. */
const windowCost = 8;
/** A display that was without power between two pictures does not say so: every so often all of it is sent. */
const wholeEvery = 8;

/** How an {@link Ssd1306Display} is made. */
export interface Ssd1306Options {
  readonly i2c: I2cDevice;
  /** Rows of dots: 64 or 32. Default 64. */
  readonly height?: 64 | 32;
}

/**
 * The SSD1306 of 128 × 64 or 128 × 32 dots on I2C, the usual little OLED display. Sends what has changed, and every eighth
 * time all of it: a display that lost its power between two pictures comes back by itself.
 */
export class Ssd1306Display implements Display {
  readonly canvas: Canvas;
  readonly #i2c: I2cDevice;
  /** What the chip's memory holds, as far as is known; `undefined` before it was set up, and after it did not answer. */
  #shown: Uint8Array | undefined;
  /** Pictures of which only the changes were sent, since the last whole one. */
  #partial = 0;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /** @throws `device/bad-option` */
  constructor({ i2c, height = 64 }: Ssd1306Options) {
    if (height !== 64 && height !== 32) {
      throw deviceErrors.create("device/bad-option", `an SSD1306 has 64 or 32 rows, got ${show(height)}`);
    }
    this.#i2c = i2c;
    this.canvas = new Canvas(width, height);
  }

  show(): Promise<void> {
    const shown = this.#last.then(() => this.#update());
    this.#last = shown.catch(() => {});
    return shown;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#last;
    this.#closed = true;
    // A display that is not there is off.
    await this.#i2c.write([displayOff]).catch(() => {});
    await this.#i2c.close();
  }

  async #update(): Promise<void> {
    if (this.#closed) throw deviceErrors.create("device/closed", "the display has been closed");
    const next = this.canvas.bytes.slice();
    const shown = this.#shown;
    // Until all has arrived, nothing is known of the chip.
    this.#shown = undefined;
    if (shown && ++this.#partial < wholeEvery) {
      const messages = changesBetween(shown, next);
      if (messages.length > 0) await this.#i2c.write(messages);
    } else {
      // One that is set up already does not go dark for that.
      const first = shown ? [] : [displayOff];
      await this.#i2c.write([...first, setUp(this.canvas.height), ...pages(next), displayOn]);
      this.#partial = 0;
    }
    this.#shown = next;
  }
}

const displayOn = Uint8Array.of(commandControl, 0xaf);
const displayOff = Uint8Array.of(commandControl, 0xae);

/** The commands after power-on (data sheet, 8.5 and 10). */
function setUp(height: number): Uint8Array {
  return Uint8Array.of(
    commandControl,
    0xae, // display off
    0xd5,
    0x80, // clock
    0xa8,
    height - 1, // rows
    0xd3,
    0x00, // no offset
    0x40, // first line
    0x8d,
    0x14, // charge pump on
    0x20,
    0x00, // horizontal addressing
    0xa1,
    0xc8, // columns and rows as people hold it
    0xda,
    height === 64 ? 0x12 : 0x02, // how rows are wired
    0x81,
    0x8f, // contrast
    0xd9,
    0xf1, // precharge
    0xdb,
    0x40, // deselect level
    0xa4,
    0xa6, // show the memory, not inverted
  );
}

/** The whole memory, a message a page: some adapters carry no more at once. */
function pages(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let page = 0; page * width < bytes.length; page++) {
    messages.push(...windowWith(bytes, page, 0, width - 1));
  }
  return messages;
}

/** What differs, as windows of one page each. */
function changesBetween(before: Uint8Array, after: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let page = 0; page * width < after.length; page++) {
    let start = -1;
    let end = -1;
    for (let column = 0; column < width; column++) {
      const index = page * width + column;
      if (before[index] === after[index]) continue;
      if (start >= 0 && column - end > windowCost) {
        messages.push(...windowWith(after, page, start, end));
        start = -1;
      }
      if (start < 0) start = column;
      end = column;
    }
    if (start >= 0) messages.push(...windowWith(after, page, start, end));
  }
  return messages;
}

/** Sets the window of memory that is written (data sheet, 10.1.4 and 10.1.5), and fills it. */
function windowWith(bytes: Uint8Array, page: number, start: number, end: number): Uint8Array[] {
  const data = bytes.subarray(page * width + start, page * width + end + 1);
  return [
    Uint8Array.of(commandControl, 0x21, start, end, 0x22, page, page),
    Uint8Array.of(dataControl, ...data),
  ];
}
