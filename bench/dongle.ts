import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Benchmark, summarize } from "./measurement.js";

interface Figures {
  readonly framesDown: number[];
  readonly framesUp: number[];
  readonly roundTripMs: number[];
  readonly upMs: number[];
  readonly payloadShareDown: number;
  readonly payloadShareUp: number;
}

/** Frames of 250 bytes a second that the air carries at 1 Mbit/s, as measured between two chips. */
const airFrames = 357;

/** The dongle's firmware in real MicroPython behind a pseudo-terminal: needs Debian's socat. */
export const dongle: Benchmark = {
  name: "dongle",
  description: "the dongle's firmware in real MicroPython, behind a pseudo-terminal",
  async run(progress) {
    const folder = mkdtempSync(join(tmpdir(), "moteq-bench-"));
    const file = join(folder, "figures.json");
    try {
      progress("five rounds, about half a minute");
      const words = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.bench.config.ts"];
      await promisify(execFile)(process.execPath, words, { env: { ...process.env, MOTEQ_FIGURES: file } });
      const figures = JSON.parse(readFileSync(file, "utf8")) as Figures;
      const air = (ours: number[]) => ours.map(() => airFrames);
      const asFastAsTheAir = { of: "ratio", atLeast: 1 } as const;
      const { framesDown, framesUp, roundTripMs, upMs, payloadShareDown, payloadShareUp } = figures;
      return [
        summarize(
          "frames of 250 bytes to the dongle, with results",
          "1/s",
          framesDown,
          air(framesDown),
          asFastAsTheAir,
        ),
        summarize("frames of 250 bytes from the dongle", "1/s", framesUp, air(framesUp), asFastAsTheAir),
        summarize("a frame to the dongle and its result back, beside its time on the air", "ms", roundTripMs),
        summarize("a frame from the dongle to the host, beside its time on the air", "ms", upMs),
        summarize("payload ÷ bytes on the line both ways, to the dongle", "", [payloadShareDown]),
        summarize("payload ÷ bytes on the line both ways, from the dongle", "", [payloadShareUp]),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
