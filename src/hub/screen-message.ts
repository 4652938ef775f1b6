import { decodeUtf8 } from "../base/index.ts";
import type { Picture } from "../device/index.ts";

/** A display's picture as a message: JSON with its size and its bytes in base64. */
export function encodeScreen({ width, height, bytes }: Picture): string {
  return JSON.stringify({ width, height, pixels: Buffer.from(bytes).toString("base64") });
}

/** Reads what {@link encodeScreen} writes; `undefined` for all else: anybody may publish there. */
export function decodeScreen(payload: Uint8Array): Picture | undefined {
  let message: unknown;
  try {
    message = JSON.parse(decodeUtf8(payload) ?? "");
  } catch {
    return undefined;
  }
  const { width, height, pixels } = Object(message) as {
    width?: unknown;
    height?: unknown;
    pixels?: unknown;
  };
  if (!isSize(width) || !isSize(height) || height % 8 !== 0 || typeof pixels !== "string") return undefined;
  const bytes = Uint8Array.from(Buffer.from(pixels, "base64"));
  return bytes.length === (width * height) / 8 ? { width, height, bytes } : undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 256;
}
