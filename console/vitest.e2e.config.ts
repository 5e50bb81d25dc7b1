import { defineConfig } from "vitest/config";

// The browser tests share one server and one browser, so they run in order, in one process.
export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    fileParallelism: false,
    sequence: { concurrent: false },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
