// @vitest-environment happy-dom

import { describe, expect, it } from "vitest";
import { whole } from "./rendering";

it.each([
  ["One\nline.\n\nTwo.", "<p>One\nline.</p><p>Two.</p>"],
  ["one  \ntwo<br>three", "<p>one<br>two<br>three</p>"],
  [
    "**bold**, *it*, ***both***, ~~no~~",
    "<p><strong>bold</strong>, <em>it</em>, <em><strong>both</strong></em>, <del>no</del></p>",
  ],
  ["snake_case_name and __init__", "<p>snake_case_name and <strong>init</strong></p>"],
  ["2 * 3 * 4", "<p>2 * 3 * 4</p>"],
  ["\\*plain\\* \\[1\\]", "<p>*plain* [1]</p>"],
  ["`a * b` and `` ` ``", "<p><code>a * b</code> and <code>`</code></p>"],
  ["# A\n## B ##\n#no", '<h4 class="depth-1">A</h4><h4 class="depth-2">B</h4><p>#no</p>'],
  ["a\n\n***\nb", "<p>a</p><hr><p>b</p>"],
  ["- a\n- b\n  - c\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"],
  ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
  ["- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"],
  ["- [x] a\n- [ ] b", "<ul><li>☑ a</li><li>☐ b</li></ul>"],
  ["> a\nb\n\nc", "<blockquote><p>a\nb</p></blockquote><p>c</p>"],
  [
    "Needs two [1][2].",
    '<p>Needs two<span class="citations"><i>1</i></span><span class="citations"><i>2</i></span>.</p>',
  ],
  ["Both [1, 2].", '<p>Both<span class="citations"><i>1</i><i>2</i></span>.</p>'],
  ["See [Source 3].", '<p>See<span class="citations"><i>3</i></span>.</p>'],
  ["No such source [9].", "<p>No such source [9].</p>"],
  ["In `[1]` code.", "<p>In <code>[1]</code> code.</p>"],
  ["&lt;b&gt; &amp;amp; &#65;&#x42; &nope;", "<p>&lt;b&gt; &amp;amp; AB &amp;nope;</p>"],
  ["<b>x</b> <!-- c -->", "<p>&lt;b&gt;x&lt;/b&gt; &lt;!-- c --&gt;</p>"],
  ["$a_1 * b_1$ *x*", '<p><span class="math" dir="ltr">$a_1 * b_1$</span> <em>x</em></p>'],
  ["costs $5, not $6", "<p>costs $5, not $6</p>"],
  ["$$\nx\n= y\n$$", '<p class="math" dir="ltr">$$\nx\n= y\n$$</p>'],
])("%j is shown as it is meant", (text, html) => {
  expect(whole(text)).toBe(html);
});

it("keeps what is in a fence", () => {
  const html = whole("```sh\n# not a heading\n- [1] **x**\n```\nafter");
  expect(html).toContain("># not a heading\n- [1] **x**</code>");
  expect(html.endsWith("<p>after</p>")).toBe(true);
});

it("aligns the columns of a table and marks up its cells", () => {
  const html = whole("|A|`a`|\n|:-:|--:|\n|x \\| y|**2** [1]|\n|short|\n");
  expect(html).toContain(
    '<th class="center" scope="col">A</th><th class="right" scope="col"><code>a</code></th>',
  );
  expect(html).toContain('<td class="center">x | y</td><td class="right"><strong>2</strong>');
  expect(html).toContain('<td class="center">short</td><td class="right"></td>');
});

describe("a link", () => {
  const rel = 'rel="noopener noreferrer nofollow"';

  it("to another site opens in another tab", () => {
    expect(whole("[a](https://example.org/x_(y))")).toBe(
      `<p><a href="https://example.org/x_(y)" ${rel} target="_blank">a</a></p>`,
    );
  });

  it("that is relative is looked up in the documents", () => {
    expect(whole("[a](../b.md)")).toContain('href="https://docs.example.org/b.md"');
  });

  it("takes the place of an image, which is never fetched", () => {
    expect(whole("![a *b*](https://t.example/p.png)")).toBe(
      `<p><a href="https://t.example/p.png" ${rel} target="_blank">a *b*</a></p>`,
    );
  });
});

it.each(["*a ", "[", "`", "> ", "**a_", "![[", "- ", "|a", "<http://", "~~a", "$a", "\\[", "![a](", "&a"])(
  "text made of %j does not take long",
  (piece) => {
    // What takes quadratic time would not end within the test's own time.
    expect(whole(piece.repeat(20_000 / piece.length))).not.toBe("");
  },
);
