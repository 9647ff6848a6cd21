import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";
import { markedLexer } from "./marked-lexer.ts";
import { apiBase, pagePolicy } from "./policy.ts";
import { sharedWidget } from "./shared-widget.ts";

/** Browsers of the last two years. */
const BROWSERS = ["chrome131", "edge131", "firefox133", "safari18.2"];

/**
 * Three builds share `dist`: the page (index.html and its hashed assets), then by `--mode widget` the one file that a
 * site embeds, and by `--mode library` the modules for bundlers.
 */
export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: [
    markedLexer(),
    sharedWidget(),
    pagePolicy(apiBase({ ...process.env, ...loadEnv(mode, import.meta.dirname) })),
  ],
  build: {
    target: BROWSERS,
    // A polyfill for preloading would be an inline script, which the content security policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    ...(mode === "widget" && {
      emptyOutDir: false,
      copyPublicDir: false,
      lib: { entry: { widget: "src/index.ts" }, formats: ["es" as const] },
      // A library's modules keep their white space for who bundles them; this one is loaded as it is.
      rolldownOptions: { output: { minify: true } },
    }),
    ...(mode === "library" && {
      emptyOutDir: false,
      copyPublicDir: false,
      lib: { entry: { index: "src/index.ts", react: "src/react/index.ts" }, formats: ["es" as const] },
      minify: false,
      sourcemap: true,
      rolldownOptions: { external: [/^react(-dom)?(\/|$)/], output: { chunkFileNames: "[name]-[hash].js" } },
    }),
  },
  test: {
    include: ["tests/unit/**/*.test.{ts,tsx}"],
    // Tests of views say `// @vitest-environment happy-dom`; the core needs no DOM.
    environment: "node",
    // Nothing is told by the clock: a busy machine may take its time.
    testTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
}));
