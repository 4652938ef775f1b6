import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/soak/**"],
    globalSetup: ["test/support/external-setup.ts"],
    env: { TZ: "UTC" },
    maxWorkers: 2,
  },
});
