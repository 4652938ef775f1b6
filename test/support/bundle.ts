import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { root } from "../house/imports.ts";

/** A program in one file, as small as bundlers make it. */
export interface Bundle {
  readonly code: string;
  /** Bytes. */
  readonly minified: number;
  /** Bytes, minified and gzipped. */
  readonly gzipped: number;
}

/**
 * Bundles what an entry of this repository needs.
 *
 * @param format `iife` makes its exports properties of a global variable, for engines without modules
 */
export async function bundle(source: string, format: "esm" | "iife"): Promise<Bundle> {
  const entry = "\0entry.ts";
  const build = await rolldown({
    input: entry,
    tsconfig: false,
    cwd: root,
    transform: { target: "es2022" },
    plugins: [
      {
        name: "entry",
        resolveId: (id) =>
          id === entry ? id : id.startsWith("/src/") || id.startsWith("/test/") ? join(root, id) : null,
        load: (id) => (id === entry ? source : null),
      },
    ],
  });
  const { output } = await build.generate({
    format,
    minify: true,
    ...(format === "iife" ? { name: "program" } : {}),
  });
  const { code } = output[0];
  return { code, minified: Buffer.byteLength(code), gzipped: gzipSync(code, { level: 9 }).length };
}
