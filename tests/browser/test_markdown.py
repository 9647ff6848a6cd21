"""The page's Markdown: what it makes of what models write, whole and while it is being written."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = requires("chromium")

RENDER = """async ([text, step]) => {
  const { MarkdownView } = await import("./markdown.js");
  const container = document.createElement("div");
  document.body.append(container);
  const view = new MarkdownView(container, (number) => number > 3 ? null
    : Object.assign(document.createElement("i"), { textContent: String(number) }));
  for (let at = 0; step && at < text.length; at += step) {
    view.append(text.slice(at, at + step));
    view.render(true);
  }
  if (!step) view.append(text);
  view.render(false);
  container.querySelectorAll("button").forEach((button) => button.remove());
  return container.innerHTML;
}"""


@pytest.fixture(scope="module")
async def page(quoting_server: RunningServer, browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(quoting_server.url)
    yield page
    await context.close()


async def rendered(page: Page, text: str, step: int = 0) -> str:
    """The HTML of `text`, given at once or `step` characters at a time."""
    html: str = await page.evaluate(RENDER, [text, step])
    return html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One\nline.\n\nTwo.", "<p>One\nline.</p><p>Two.</p>"),
        ("one  \ntwo<br>three", "<p>one  <br>two<br>three</p>"),
        (
            "**bold**, *it*, ***both***, ~~no~~",
            "<p><strong>bold</strong>, <em>it</em>, <strong><em>both</em></strong>, <del>no</del></p>",
        ),
        ("snake_case_name and __init__", "<p>snake_case_name and <strong>init</strong></p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
        (r"\*plain\* \[1\]", "<p>*plain* [1]</p>"),
        ("`a * b` and `` ` ``", "<p><code>a * b</code> and <code>`</code></p>"),
        ("# A\n## B ##\n#no", "<h3>A</h3><h4>B</h4><p>#no</p>"),
        ("a\n***\nb", "<p>a</p><hr><p>b</p>"),
        ("- a\n- b\n  - c\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("1. a\n   - b\n2. c", "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("> a\nb\n\nc", "<blockquote><p>a\nb</p></blockquote><p>c</p>"),
        ("Needs two [1][2].", "<p>Needs two<i>1</i><i>2</i>.</p>"),
        ("Both [1, 2], [Source 3].", "<p>Both<i>1</i><i>2</i>,<i>3</i>.</p>"),
        ("No such source [9], no citation [1](x).", "<p>No such source [9], no citation 1.</p>"),
    ],
)
async def test_markdown_is_shown_as_it_is_meant(page: Page, text: str, html: str) -> None:
    assert await rendered(page, text) == html


async def test_a_fence_keeps_what_is_in_it(page: Page) -> None:
    html = await rendered(page, "```sh\n# not a heading\n- [1] **x**\n```\nafter")
    assert "<code># not a heading\n- [1] **x**</code>" in html
    assert html.endswith("<p>after</p>")


async def test_a_table_has_its_columns_aligned_and_its_cells_marked_up(page: Page) -> None:
    html = await rendered(page, "|A|`a|b`|\n|:-:|--:|\n|x \\| y|**2** [1]|\n|short|\n")
    assert '<th class="center">A</th><th class="right"><code>a|b</code></th>' in html
    assert '<td class="center">x | y</td><td class="right"><strong>2</strong><i>1</i></td>' in html
    assert '<td class="center">short</td><td class="right"></td>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror='window.hacked = 1'>",
        "<svg/onload=window.hacked=1>",
        "[x](javascript:window.hacked=1)",
        "[x](java\tscript:window.hacked=1)",
        "[x](<\x01javascript:window.hacked=1>)",
        "[x](JaVaScRiPt:window.hacked=1)",
        "[x](data:text/html,<script>window.hacked=1</script>)",
        "[x](vbscript:window.hacked=1)",
        "<javascript:window.hacked=1>",
        "![x](javascript:window.hacked=1)",
        "![x](https://tracker.example/pixel.png)",
        "[<img src=x onerror=window.hacked=1>](https://example.org)",
        "```<img src=x onerror=window.hacked=1>\n<script>window.hacked = 1</script>",
        "|<img src=x onerror=window.hacked=1>|b|\n|-|-|\n|<script>window.hacked=1</script>|c|",
        '[x](https://example.org/"onmouseover="window.hacked=1)',
    ],
)
async def test_hostile_text_stays_text(page: Page, text: str) -> None:
    # The innerHTML that `rendered` returns is only read, never put back into a page.
    await rendered(page, text)
    made = await page.evaluate("""() => {
      const container = document.body.lastElementChild;
      const elements = [...container.querySelectorAll("*")];
      return {
        tags: elements.map((element) => element.localName),
        attributes: elements.flatMap((element) => element.getAttributeNames()),
        schemes: [...container.querySelectorAll("a")].map((link) => link.protocol),
        hacked: window.hacked ?? null,
      };
    }""")
    assert not {"script", "img", "svg", "iframe", "style"} & set(made["tags"])
    assert not [name for name in made["attributes"] if name.startswith("on")]
    assert set(made["schemes"]) <= {"https:"}
    assert made["hacked"] is None


async def test_a_link_leads_out_of_the_page_and_a_relative_one_nowhere(page: Page) -> None:
    html = await rendered(page, "[a](https://example.org/x_(y)) https://example.org/z. [b](../c.md)")
    out = 'target="_blank" rel="noopener noreferrer"'
    assert f'<a href="https://example.org/x_(y)" {out}>a</a>' in html
    assert f'<a href="https://example.org/z" {out}>https://example.org/z</a>. b' in html


MIXED = """Intro with **bold *nested* text** and a [link](https://example.org/a_b) [1][2].
| not | a table

| A | B |
|---|--:|
| `x` | 1 [3] |

1. one
   continued

2. two
   - nested *a*
   - nested `b`

   para

* star
- dash

> quote
> - list
lazy

```py
def f():

    return "**"
```
### Heading
- a

-b is text

tail ***both*** ~~gone~~ <https://example.org> and an end**"""


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50])
async def test_text_in_pieces_ends_up_as_if_it_had_come_at_once(page: Page, step: int) -> None:
    assert await rendered(page, MIXED, step) == await rendered(page, MIXED)


async def test_blocks_that_are_complete_are_not_made_again(page: Page) -> None:
    kept = await page.evaluate("""async () => {
      const { MarkdownView } = await import("./markdown.js");
      const container = document.createElement("div");
      const view = new MarkdownView(container, () => null);
      view.append("First.\\n\\nSecond.\\n\\nThird.\\n\\nF");
      view.render(true);
      const first = container.firstChild;
      view.append("ourth **bold");
      view.render(true);
      return [first === container.firstChild, container.lastChild.innerHTML];
    }""")
    assert kept == [True, "Fourth <strong>bold</strong>"]


@pytest.mark.parametrize("piece", ["*a ", "[", "`", "> ", "**a_", "![[", "- ", "|a", "<http://", "~~a"])
async def test_text_made_to_be_slow_is_not(page: Page, piece: str) -> None:
    """A quarter of a million characters: what takes quadratic time would not end within the test's own."""
    page.set_default_timeout(30_000)
    assert await rendered(page, piece * (250_000 // len(piece)))
