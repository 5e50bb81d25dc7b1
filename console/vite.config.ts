import { defineConfig } from "vitest/config";

// Where `npm run dev` finds the API. The built console is served by Tongbao itself, on the same origin.
const platform = process.env["TONGBAO_CONSOLE_URL"] ?? "http://127.0.0.1:7070";

export default defineConfig({
  // Every asset stays a file of its own: the server's content security policy allows 'self' only, which
  // excludes data: URLs and inline scripts.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022", sourcemap: false },
  server: { proxy: { "/v1": platform, "/metrics": platform } },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
