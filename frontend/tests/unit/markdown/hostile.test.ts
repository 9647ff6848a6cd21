// @vitest-environment jsdom

import DOMPurify from "dompurify";
import { expect, it } from "vitest";
import { view } from "./rendering";

/** After OWASP's cheat sheet on evading filters, and what is particular to Markdown. */
const VECTORS: readonly string[] = [
  "<script>alert(1)</script>",
  "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
  "<scr<script>ipt>alert(1)</scr</script>ipt>",
  "<<SCRIPT>alert(1);//\\<</SCRIPT>",
  '<SCRIPT/XSS SRC="https://evil.example/x.js"></SCRIPT>',
  '<SCRIPT/SRC="https://evil.example/x.js"></SCRIPT>',
  "<img src=x onerror=alert(1)>",
  "<img src=x onerror='alert(1)'/>",
  '<IMG """><SCRIPT>alert(1)</SCRIPT>"\\>',
  '<IMG SRC="jav&#x09;ascript:alert(1);">',
  '<IMG SRC=# onmouseover="alert(1)">',
  '<IMG LOWSRC="javascript:alert(1)">',
  "<svg/onload=alert(1)>",
  "<svg><script>alert(1)</script></svg>",
  '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<math href="javascript:alert(1)">x</math>',
  "<iframe src=javascript:alert(1)></iframe>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  '<object data="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="></object>',
  '<embed src="data:image/svg+xml;base64,PHN2Zz4=">',
  "<body onload=alert(1)>",
  "<BODY ONLOAD =alert(1)>",
  "<details open ontoggle=alert(1)>",
  "<input autofocus onfocus=alert(1)>",
  '<video><source onerror="alert(1)">',
  "<audio src=x onerror=alert(1)>",
  "<marquee onstart=alert(1)>",
  "<form action=javascript:alert(1)><button>x</button></form>",
  "<button formaction=javascript:alert(1)>x</button>",
  '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
  '<base href="https://evil.example/">',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  "<style>@import 'https://evil.example/x.css';</style>",
  '<div style="background:url(javascript:alert(1))">x</div>',
  '<div style="position:fixed;inset:0">x</div>',
  '<p id="x" onclick="alert(1)">x</p>',
  '<a href="javascript:alert(1)">x</a>',
  "<a href='vbscript:msgbox(1)'>x</a>",
  "<template><script>alert(1)</script></template>",
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  "<!--[if gte IE 4]><SCRIPT>alert(1)</SCRIPT><![endif]-->",
  "<![CDATA[<script>alert(1)</script>]]>",
  '<?xml-stylesheet href="javascript:alert(1)"?>',
  "<br onmouseover=alert(1)>",
  "<br/onclick=alert(1)/>",
  '<rag-chat api="https://evil.example"></rag-chat>',
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](<java\nscript:alert(1)>)",
  "[x](<\u0001javascript:alert(1)>)",
  "[x](\u00a0javascript:alert(1))",
  "[x](javascript&colon;alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](&#x6A&#x61vascript:alert(1))",
  "[x](javascript&#58;alert(1))",
  "[x](jav&#x0A;ascript:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](vbscript:msgbox(1))",
  "[x](file:///etc/passwd)",
  "[x](blob:https://example.org/1)",
  "[x](filesystem:https://example.org/1)",
  "[x](intent://evil#Intent;end)",
  "[x](ftp://evil.example/)",
  "[x](view-source:javascript:alert(1))",
  '[x](https://example.org/"onmouseover="alert(1))',
  "[x](https://example.org 'a\" onmouseover=\"alert(1)')",
  "[x]: javascript:alert(1)\n\n[x] [y][x]",
  "[<img src=x onerror=alert(1)>](https://example.org)",
  "[a](javascript:alert(1)//)[b](https://example.org)",
  "[![x](javascript:alert(1))](javascript:alert(2))",
  "![x](javascript:alert(1))",
  "![x](https://tracker.example/pixel.png)",
  '![x" onerror="alert(1)](https://tracker.example/pixel.png)',
  "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
  "<javascript:alert(1)>",
  "<javascript:alert(1)//https://example.org>",
  '<https://example.org/"onclick=alert(1)>',
  'https://example.org/"onclick=alert(1)',
  "```<img src=x onerror=alert(1)>\n<script>alert(1)</script>\n```",
  '```"onclick=alert(1) x\ncode\n```',
  "`<script>alert(1)</script>`",
  "|<img src=x onerror=alert(1)>|b|\n|-|-|\n|<script>alert(1)</script>|[c](javascript:alert(1))|",
  "# <img src=x onerror=alert(1)>",
  "- <script>alert(1)</script>\n- [x](javascript:alert(1))",
  "> <iframe src=javascript:alert(1)>",
  "$<img src=x onerror=alert(1)>$",
  "$$\n<script>alert(1)</script>\n$$",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "&#60;img src=x onerror=alert(1)&#62;",
];

const TAGS = new Set(
  "a blockquote br code del div em h4 hr i li ol p pre span strong table tbody td th thead tr ul".split(" "),
);
const ATTRIBUTES = new Set("aria-label class dir href rel role scope start tabindex target title".split(" "));

function check(container: HTMLElement): void {
  for (const element of container.querySelectorAll("*")) {
    expect(TAGS).toContain(element.localName);
    for (const name of element.getAttributeNames()) expect(ATTRIBUTES).toContain(name);
  }
  for (const link of container.querySelectorAll("a")) {
    expect(["https:", "http:", "mailto:"]).toContain(new URL(link.getAttribute("href") ?? "").protocol);
    expect(link.getAttribute("rel")).toBe("noopener noreferrer nofollow");
  }
}

/** A second opinion, on the elements as they would be read back from their HTML. */
function checkWithSanitizer(container: HTMLElement): void {
  const html = container.innerHTML;
  expect(DOMPurify.sanitize(html, { ADD_ATTR: ["target"] })).toBe(html);
}

it.each(VECTORS)("%j does nothing, whole or half written", (text) => {
  const { container, markdown } = view();
  for (let end = 1; end < text.length; end += 1) {
    markdown.show(text.slice(0, end), true);
    check(container);
  }
  markdown.show(text, false);
  check(container);
  checkWithSanitizer(container);
});
