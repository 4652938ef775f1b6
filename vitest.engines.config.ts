import { defineConfig } from "vitest/config";

/** Tests in engines that are compiled when they are installed: `npm run engines`. */
export default defineConfig({
  test: { include: ["test/engines/*.engine.ts"], env: { TZ: "UTC" }, testTimeout: 60_000 },
});
