/** Documents as models write them, and as nobody should. */

export const MIXED = `Intro with **bold *nested* text** and a [link](https://example.org/a_b) [1][2].
| not | a table

| A | B |
|---|--:|
| \`x\` | 1 [3] |

1. one
   continued

2. two
   - nested *a*
   - nested \`b\`

   para

* star
- dash

> quote
> - list
lazy

\`\`\`py
def f():

    return "**"
\`\`\`
### Heading
- a

-b is text

tail ***both*** ~~gone~~ <https://example.org> and an end**`;

export const CORPUS: readonly string[] = [
  MIXED,
  "# A\n\nsome text\nwith two lines\n===\n\nmore\n---\n\n***\n\n- - -\n\n#no heading\n",
  "para\n#\npara\n# head\npara\n- item\npara\n1. one\n2. two\n\n3) three\n",
  "- a\n- b\n\n  para in b\n\n      code in b\n\n- c\n\n\npara\n\n- [ ] todo\n- [x] done\n",
  "- tight\n- list\n  - deep\n    - deeper\n      ```js\n      const a = 1;\n\n      f()\n      ```\n  - back\n- loose now\n\n- last\n",
  "> a\n> b\nlazy\n\n> c\n>\n> > d\n> ```\n> code\n> ```\n\n>e\n",
  "```\nunclosed\n\n# not a heading\n- [1]\n",
  "````md\n```js\nx\n```\n````\n\n~~~\ntilde ``` \n~~~\nafter",
  "```sh\n$ npm i\n```\n```sh\nnext to it\n```\ntext",
  "    indented code\n\n    more\n\nnot code\n",
  "| a | b |\n|:-:|--|\n| 1 | `x \\| y` |\n| 2 |\n| 3 | 4 | 5 |\n\nafter\n\n|no|\ntable\n\nx | y\n--|--\n1 | **2\n",
  "text\n| a | b |\n|---|---|\n| 1 | 2 |\ntext goes on\n",
  "Euler: $e^{i\\pi} + 1 = 0$, $a_1 * b_2 * c_3$, $$\\sum_{i=1}^n x_i$$ and \\(a_b\\), costs $5 and $6.\n\n$$\nx\n= y_1 * z_2\n$$\n\n\\[\na\n\\]\nend",
  "**a *b* c** *a **b** c* ***x*** __init__ snake_case_name 2 * 3 * 4 **un*closed _a ~~b `c",
  "`a``b`` ` ``c`d`` ` and `x",
  "[a](b) [c](<d e> 'title') [e](f(g)h) ![i](https://x.org/p.png) [x] [y][z] [1](https://x.org) [z]: u\n\n[z]: https://example.org\n",
  "Both [1, 2], [Source 3]. No such [9] [4, 1] [sources 1; 2] [1-3] [0]",
  "one  \ntwo<br>three\\\nfour<br/>five <div>**x**</div>\n\n<details><summary>s</summary>\n\nx\n\n</details>\n<!-- no -->\n",
  "&amp; &lt;b&gt; &copy; &nope; &#65; &#x41; &#0; &#99999999; AT&T &",
  "مرحبا **بالعالم** [1]\n\n- عنصر\n\nשלום `code` עולם\n\n日本語**強調**です。😀👨‍👩‍👧 e\u0301\n",
  "windows\r\nline\r\n\r\n- ends\r\n- here\r\n\r\n```\r\ncode\r\n```\r\n",
  "\n\n\n  leading blank\n\n\n\ntrailing   \n\n\n",
  "1. a\n   ```\n   x\n   ```\n2. b\n\n   > q\n10. c\n",
  "***\n---\n___\n- ***\n* ---\n+ x\n",
  "a\n\n\tTab code\n\n-\ttab item\n\n  -\tnested\n",
  "\\*no\\* \\[1\\] \\`no\\` \\# \\\\ \\",
  "https://example.org/x_(y). www.example.org, <mailto:a@example.org> a@example.org http://x.org/*a*",
  "- \n- a\n-\n\n- b\n\n1.\n2. x\n",
  "Term\n: not a definition list\n\n[^1] footnote\n\n[^1]: text\n",
  "> [!NOTE]\n> An admonition\n\n:::tip\nText\n:::\n",
  "***bold** half* **half *bold*** _a_b_ **a**b**c** *a*b*",
  "| a |\n|---|\n\n| b |\n| - |\n| x |\n# head right after\n| c |\n|--|\n```\ncode\n```\n",
];
