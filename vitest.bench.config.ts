import { defineConfig } from "vitest/config";

/** What `bench/dongle.ts` runs: the firmware needs the MicroPython boards of the tests. */
export default defineConfig({
  test: { include: ["test/dongle/measure.ts"], maxWorkers: 1 },
});
