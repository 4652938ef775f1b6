import { defineConfig } from "vitest/config";

/** Tests that need minutes: real processes killed, long simulations, a fresh clone. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.test.ts"],
    globalSetup: ["test/support/external-setup.ts"],
    env: { TZ: "UTC" },
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
});
