import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/** How much of a file is digested at once. */
const pieceBytes = 1_048_576;

/** Writes a small file whole or not at all; when it returns, it survives a power cut. */
export function writeWhole(path: string, text: string): void {
  const part = `${path}.part`;
  try {
    const file = openSync(part, "w", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    // On a full disk it would take the last room.
    rmSync(part, { force: true });
    throw error;
  }
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The SHA-256 of a file, 64 hexadecimal digits, while the process goes on with other things. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }))
    hash.update(piece as Buffer);
  return hash.digest("hex");
}

/**
 * The same before anything else happens.
 *
 * @param onPiece is called after each mebibyte, for what cannot wait meanwhile
 */
export function digestFileSync(path: string, onPiece: () => void = () => {}): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(pieceBytes);
  const file = openSync(path, "r");
  try {
    for (;;) {
      const length = readSync(file, piece);
      if (length === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, length));
      onPiece();
    }
  } finally {
    closeSync(file);
  }
}
