import { resolve } from "node:path";
import type { Plugin } from "vite";

/** The page loads the very file that other sites embed, so that the image holds one copy of it. */
export function sharedWidget(): Plugin {
  return {
    name: "shared-widget",
    apply: (_, { command, mode }) => command === "build" && mode === "production",
    enforce: "pre",
    resolveId(source, importer) {
      const page = resolve(import.meta.dirname, "src/page/index.ts");
      // As if it lay beside index.html, which is where its own build puts it.
      return source === "../widget" && importer === page
        ? { id: resolve(import.meta.dirname, "widget.js"), external: true }
        : null;
    },
  };
}
