import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/soak/**"],
    globalSetup: ["test/support/external-setup.ts"],
    env: { TZ: "UTC" },
    maxWorkers: 2,
    // Nothing is timed: this only ends what hangs, also on a machine that is busy.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
