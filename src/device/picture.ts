/** Lit and dark dots, laid out as in the memory of an SSD1306: bytes of eight dots downwards, page by page. */
export interface Picture {
  /** In dots. */
  readonly width: number;
  /** In dots, a multiple of eight. */
  readonly height: number;
  /** `width * height / 8` bytes: column by column of the topmost eight rows, then of the next eight; bit 0 is on top. */
  readonly bytes: Uint8Array;
}

/** Whether a dot is lit; those outside never are. */
export function isLit({ width, height, bytes }: Picture, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  return (((bytes[(y >> 3) * width + x] ?? 0) >> (y & 7)) & 1) === 1;
}

/** Which dot each bit of a braille character from U+2800 is: column and row. */
const brailleDots = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
] as const;

/** Draws a picture as lines of braille characters, two by four dots each, in a frame: 128 × 64 dots fit any terminal. */
export function renderText(picture: Picture): string[] {
  const edge = "─".repeat(Math.ceil(picture.width / 2));
  const lines = [`┌${edge}┐`];
  for (let y = 0; y < picture.height; y += 4) {
    let line = "";
    for (let x = 0; x < picture.width; x += 2) {
      let bits = 0;
      for (const [bit, [column, row]] of brailleDots.entries()) {
        if (isLit(picture, x + column, y + row)) bits |= 1 << bit;
      }
      line += String.fromCodePoint(0x2800 + bits);
    }
    lines.push(`│${line}│`);
  }
  return [...lines, `└${edge}┘`];
}

/** Draws a picture as SVG, four units a dot. */
export function renderSvg(picture: Picture): string {
  const { width, height } = picture;
  const dots: string[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (isLit(picture, x, y)) dots.push(`M${x * 4 + 2} ${y * 4 + 2}h3v3h-3z`);
  }
  const size = `${width * 4 + 5} ${height * 4 + 5}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 ${size}" role="img">`,
    `<rect x="-1" y="-1" width="100%" height="100%" rx="4" fill="#0b1016"/>`,
    `<path fill="#9fe8ff" d="${dots.join("")}"/>`,
    `</svg>\n`,
  ].join("\n");
}
