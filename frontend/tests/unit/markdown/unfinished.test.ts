// @vitest-environment happy-dom

import { expect, it } from "vitest";
import { view } from "./rendering";

function growing(text: string): string {
  const { container, markdown } = view();
  markdown.show(text, true);
  return container.innerHTML;
}

it.each([
  ["a **bol", "<p>a <strong>bol</strong></p>"],
  ["a **bold*", "<p>a <strong>bold</strong></p>"],
  ["a **bold ", "<p>a <strong>bold</strong></p>"],
  ["a **", "<p>a </p>"],
  ["a **b *c", "<p>a <strong>b <em>c</em></strong></p>"],
  ["a **b *c*", "<p>a <strong>b <em>c</em></strong></p>"],
  ["a ~~b", "<p>a <del>b</del></p>"],
  ["a snake_", "<p>a snake</p>"],
  ["a snake_case", "<p>a snake_case</p>"],
  ["a `co", "<p>a <code>co</code></p>"],
  ["a `", "<p>a </p>"],
  ["a `*x*", "<p>a <code>*x*</code></p>"],
  ["a [lab", "<p>a lab</p>"],
  ["a [label]", "<p>a label</p>"],
  ["a [label](https://exa", "<p>a label</p>"],
  ["a **[label](https://exa", "<p>a <strong>label</strong></p>"],
  ["a ![alt](https://exa", "<p>a alt</p>"],
  ["a [1", "<p>a</p>"],
  ["a [Sour", "<p>a</p>"],
  ["a [1]", '<p>a<span class="citations"><i>1</i></span></p>'],
  ["a &am", "<p>a </p>"],
  [
    "a <https://x.org/a",
    '<p>a <a href="https://x.org/a" rel="noopener noreferrer nofollow" target="_blank">https://x.org/a</a></p>',
  ],
  ["a\n-", "<p>a</p>"],
  ["a\n--", "<p>a</p>"],
  ["a\n#", "<p>a</p>"],
  ["a\n\n1", "<p>a</p>"],
  ["a\n\n1.", "<p>a</p>"],
  ["a\n\n- ", "<p>a</p>"],
  ["a\n\n- **b", "<p>a</p><ul><li><strong>b</strong></li></ul>"],
  ["a\n\n| x |", "<p>a</p>"],
  ["a\n\n| x |\n", "<p>a</p>"],
  ["a\n\n| x |\n|--", "<p>a</p>"],
  ["a\n\n``", "<p>a</p>"],
  ["a\n\n```p", "<p>a</p>"],
  ["a\n\n```py\nx = 1\n``", '<p>a</p><div class="code"><pre><code class="py">x = 1</code></pre></div>'],
  ["2 * 3", "<p>2 * 3</p>"],
  ["a * b", "<p>a * b</p>"],
  ["costs $5 and **b", "<p>costs $5 and <strong>b</strong></p>"],
  ["so $a_1 * b$ and *c", '<p>so <span class="math" dir="ltr">$a_1 * b$</span> and <em>c</em></p>'],
])("%j, unfinished, shows calmly", (text, html) => {
  expect(growing(text)).toBe(html);
});
