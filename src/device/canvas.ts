import font from "oled-font-5x7";
import { isLit, type Picture } from "./picture.ts";

/** The room that a character takes at size 1, in dots: five columns and a gap, seven rows and a gap. */
export const characterWidth = 6;
export const characterHeight = 8;

/** How a text is written. */
export interface TextOptions {
  /** How often larger than 6 × 8 dots a character. Default 1. */
  readonly size?: 1 | 2;
  /** Dark on a lit ground. Default false. */
  readonly inverted?: boolean;
}

const columnsOf = new Map(
  font.lookup.map((character, index) => [character, font.fontData.slice(index * 5, index * 5 + 5)]),
);
/** What stands for a character that the font does not have. */
const unknownCharacter: readonly number[] = [0x7f, 0x41, 0x41, 0x41, 0x7f];

/** What is drawn on before it is shown. Dots outside are cut off. */
export class Canvas implements Picture {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;

  /** @param height a multiple of eight */
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.bytes = new Uint8Array((width * height) / 8);
  }

  /** Makes all dots dark. */
  clear(): void {
    this.bytes.fill(0);
  }

  dot(x: number, y: number, lit = true): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const index = (y >> 3) * this.width + x;
    const bit = 1 << (y & 7);
    this.bytes[index] = lit ? (this.bytes[index] ?? 0) | bit : (this.bytes[index] ?? 0) & ~bit;
  }

  isLit(x: number, y: number): boolean {
    return isLit(this, x, y);
  }

  /** Draws a line between two dots, both included. */
  line(fromX: number, fromY: number, toX: number, toY: number, lit = true): void {
    const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY));
    for (let step = 0; step <= steps; step++) {
      const part = steps === 0 ? 0 : step / steps;
      this.dot(Math.round(fromX + (toX - fromX) * part), Math.round(fromY + (toY - fromY) * part), lit);
    }
  }

  /** Fills a rectangle. */
  fill(x: number, y: number, width: number, height: number, lit = true): void {
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) this.dot(column, row, lit);
    }
  }

  /** Writes a text with its upper left corner at a dot; returns the column behind it. Nothing is wrapped. */
  text(x: number, y: number, text: string, { size = 1, inverted = false }: TextOptions = {}): number {
    let left = x;
    for (const character of text) {
      const columns = columnsOf.get(character) ?? unknownCharacter;
      for (let column = 0; column < characterWidth; column++) {
        const bits = columns[column] ?? 0;
        for (let row = 0; row < characterHeight; row++) {
          const lit = ((bits >> row) & 1) === 1;
          this.fill(left + column * size, y + row * size, size, size, lit !== inverted);
        }
      }
      left += characterWidth * size;
    }
    return left;
  }
}
