import type { Plugin } from "vite";

const USED = ["Lexer", "Tokenizer", "getDefaults"];

/**
 * Leaves out of `marked` what makes HTML, which is never used here: its module ends with an instance that keeps all of it
 * alive. Where that end no longer looks as it does now, the bundle is larger, and right all the same.
 */
export function markedLexer(): Plugin {
  return {
    name: "marked-lexer",
    apply: "build",
    transform: {
      filter: { id: /marked\.esm\.js$/ },
      handler(code) {
        const exported = /export\s*\{([^}]*)\};?[^{}]*$/.exec(code)?.[1]?.split(",") ?? [];
        const kept = exported.filter((each) => USED.some((name) => each.trim().endsWith(` as ${name}`)));
        const end = code.search(
          /var \w+\s*=\s*new \w+;\s*function \w+\(\w+,\s*\w+\)\s*\{\s*return \w+\.parse\(/,
        );
        if (end < 0 || kept.length !== USED.length) {
          this.warn("the end of marked's module looks different, and stays");
          return null;
        }
        return { code: `${code.slice(0, end)}export {${kept.join(",")}};`, map: null };
      },
    },
  };
}
