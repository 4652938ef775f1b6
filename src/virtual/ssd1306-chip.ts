import { createSeededRandom } from "../base/index.ts";
import { deviceErrors, type I2cDevice, type Picture } from "../device/index.ts";

const width = 128;
const pageCount = 8;

/** How many bytes follow a command (SSD1306 data sheet, 9); those not named here have none. */
const parametersOf: Readonly<Record<number, number>> = {
  0x20: 1,
  0x21: 2,
  0x22: 2,
  0x81: 1,
  0x8d: 1,
  0xa8: 1,
  0xd3: 1,
  0xd5: 1,
  0xd9: 1,
  0xda: 1,
  0xdb: 1,
};

/**
 * An SSD1306 at the other end of an I2C bus: takes the bytes that the real chip takes and shows what that would show.
 * It can be pulled off; when it is put back it has forgotten everything, as after power-on.
 */
export class Ssd1306Chip implements I2cDevice {
  /** Bytes that were none of the chip's commands. */
  unknownCommands = 0;
  /** Messages that it took. */
  messages = 0;
  /** Called after each transfer that it took. */
  onChange: (() => void) | undefined;
  readonly #memory = new Uint8Array(width * pageCount);
  readonly #random = createSeededRandom(1306);
  #plugged = true;
  #pending: number[] = [];
  #on = false;
  #chargePump = false;
  #inverted = false;
  #allLit = false;
  #rows = 64;
  #offset = 0;
  #startLine = 0;
  #mirrored = true;
  #flipped = true;
  #addressing: "horizontal" | "vertical" | "page" = "page";
  #columns = { first: 0, last: width - 1 };
  #pages = { first: 0, last: pageCount - 1 };
  #column = 0;
  #page = 0;

  constructor() {
    this.#reset();
  }

  /** Whether anybody looking at it would see something. */
  get isOn(): boolean {
    return this.#plugged && this.#on && this.#chargePump;
  }

  /** Takes it off its bus. */
  unplug(): void {
    this.#plugged = false;
  }

  /** Puts it back. */
  plug(): void {
    this.#plugged = true;
    this.#reset();
  }

  /** What is to be seen; all dark while it is off. */
  get picture(): Picture {
    const bytes = new Uint8Array((width * this.#rows) / 8);
    if (!this.isOn) return { width, height: this.#rows, bytes };
    for (let y = 0; y < this.#rows; y++) {
      for (let x = 0; x < width; x++) {
        if (this.#isLit(x, y))
          bytes[(y >> 3) * width + x] = (bytes[(y >> 3) * width + x] ?? 0) | (1 << (y & 7));
      }
    }
    return { width, height: this.#rows, bytes };
  }

  write(messages: readonly Uint8Array[]): Promise<void> {
    for (const message of messages) {
      if (!this.#plugged) {
        return Promise.reject(
          deviceErrors.create("device/no-answer", "the display does not answer on its bus"),
        );
      }
      this.messages++;
      this.#take(message);
    }
    this.onChange?.();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The state after power-on: off, and its memory full of chance. */
  #reset(): void {
    for (let index = 0; index < this.#memory.length; index++) {
      this.#memory[index] = Math.floor(this.#random.next() * 256);
    }
    this.#pending = [];
    this.#on = this.#chargePump = this.#inverted = this.#allLit = this.#mirrored = this.#flipped = false;
    this.#rows = 64;
    this.#offset = this.#startLine = this.#column = this.#page = 0;
    this.#addressing = "page";
    this.#columns = { first: 0, last: width - 1 };
    this.#pages = { first: 0, last: pageCount - 1 };
  }

  /** Splits a message by its control bytes (data sheet, 8.1.5.2): one for each byte, or one for all that follow. */
  #take(message: Uint8Array): void {
    let at = 0;
    while (at < message.length) {
      const control = message[at++] ?? 0;
      const single = (control & 0x80) !== 0;
      const end = single ? at + 1 : message.length;
      for (; at < end && at < message.length; at++) {
        const byte = message[at] ?? 0;
        if ((control & 0x40) !== 0) this.#store(byte);
        else this.#command(byte);
      }
    }
  }

  #store(byte: number): void {
    this.#memory[this.#page * width + this.#column] = byte;
    if (this.#addressing === "vertical") {
      if (this.#page++ < this.#pages.last) return;
      this.#page = this.#pages.first;
      this.#column = this.#column < this.#columns.last ? this.#column + 1 : this.#columns.first;
      return;
    }
    if (this.#column++ < this.#columns.last) return;
    this.#column = this.#columns.first;
    if (this.#addressing === "page") return;
    this.#page = this.#page < this.#pages.last ? this.#page + 1 : this.#pages.first;
  }

  #command(byte: number): void {
    this.#pending.push(byte);
    const [command = 0, first = 0, second = 0] = this.#pending;
    if (this.#pending.length <= (parametersOf[command] ?? 0)) return;
    this.#pending = [];
    this.#execute(command, first, second);
  }

  #execute(command: number, first: number, second: number): void {
    if (command >= 0x40 && command <= 0x7f) this.#startLine = command & 0x3f;
    else if (command >= 0xb0 && command <= 0xb7) this.#page = command & 7;
    else if (command <= 0x0f) this.#column = (this.#column & 0xf0) | command;
    else if (command <= 0x1f) this.#column = (this.#column & 0x0f) | ((command & 7) << 4);
    else if (!this.#set(command, first, second)) this.unknownCommands++;
  }

  #set(command: number, first: number, second: number): boolean {
    switch (command) {
      case 0x20:
        this.#addressing = (["horizontal", "vertical", "page"] as const)[first & 3] ?? "page";
        return true;
      case 0x21:
        this.#columns = { first: first & 127, last: second & 127 };
        this.#column = this.#columns.first;
        return true;
      case 0x22:
        this.#pages = { first: first & 7, last: second & 7 };
        this.#page = this.#pages.first;
        return true;
      case 0x8d:
        this.#chargePump = (first & 4) !== 0;
        return true;
      case 0xa0:
      case 0xa1:
        this.#mirrored = command === 0xa1;
        return true;
      case 0xa4:
      case 0xa5:
        this.#allLit = command === 0xa5;
        return true;
      case 0xa6:
      case 0xa7:
        this.#inverted = command === 0xa7;
        return true;
      case 0xa8:
        this.#rows = Math.max(16, (first & 63) + 1) & ~7;
        return true;
      case 0xae:
      case 0xaf:
        this.#on = command === 0xaf;
        return true;
      case 0xc0:
      case 0xc8:
        this.#flipped = command === 0xc8;
        return true;
      case 0xd3:
        this.#offset = first & 63;
        return true;
      default:
        // How bright and by which timing: nothing that the picture shows. 0xe3 does nothing at all.
        return [0x81, 0xd5, 0xd9, 0xda, 0xdb, 0xe3, 0x2e].includes(command);
    }
  }

  /** Modules are built so that 0xa1 and 0xc8 are upright. */
  #isLit(x: number, y: number): boolean {
    if (this.#allLit) return true;
    const column = this.#mirrored ? x : width - 1 - x;
    const row = this.#flipped ? y : this.#rows - 1 - y;
    const line = (row + this.#startLine + this.#offset) % 64;
    const bit = ((this.#memory[(line >> 3) * width + column] ?? 0) >> (line & 7)) & 1;
    return (bit === 1) !== this.#inverted;
  }
}
