"""Sphinx' directives and roles, as far as their words go: docutils knows none of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en as known
from docutils.utils import unescape

_DIRECTIVE_NAME = re.compile(r"^\s*\.\.\s+(?:\|[^|\n]*\|\s+)?([\w:.+-]*[\w+.-])::(?=\s|$)", re.MULTILINE)
_ROLE_NAME = re.compile(r":([\w:.+-]*[\w+.-]):`|`:([\w:.+-]*[\w+.-]):")
_TARGET = re.compile(r"\s*<[^<>]*>$")
_CODE_ROLES = frozenset(
    {
        "attr",
        "class",
        "command",
        "const",
        "data",
        "envvar",
        "exc",
        "file",
        "func",
        "kbd",
        "meth",
        "mod",
        "obj",
    }
    | {"option", "program", "samp"}
)
_WORDLESS = re.compile(
    r"toctree|index|only|tabularcolumns|highlight|(?:.*:)?(?:current)?module|auto.*|image|.*figure"
)


def teach(source: str) -> None:
    """Make docutils accept every directive and role that `source` uses. The registries belong to the whole
    process; what docutils itself defines is never replaced."""
    for name in {name.lower() for name in _DIRECTIVE_NAME.findall(source)}:
        if name not in known.directives:
            directives.register_directive(name, _Words)
    for name in {(before or behind).lower() for before, behind in _ROLE_NAME.findall(source)}:
        if name not in known.roles:
            roles.register_local_role(name, _role)  # type: ignore[arg-type]  # the stub wants references


class _AnyOption(dict[str, Callable[[str], Any]]):
    def __missing__(self, name: str) -> Callable[[str], Any]:
        return lambda value: value


class _Words(Directive):
    """A directive whose argument is a paragraph and whose content is what it is elsewhere."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = _AnyOption()
    has_content = True

    def run(self) -> Sequence[nodes.Node]:
        if _WORDLESS.fullmatch(self.name.lower()):
            return []
        container = nodes.container()
        if self.arguments:
            words, messages = self.state.inline_text(self.arguments[0], self.lineno)
            container += [nodes.paragraph("", "", *words), *messages]
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container]


def _role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Any,
    options: Mapping[str, Any] | None = None,
    content: Sequence[str] = (),
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """What a reader sees of `:ref:`the arm <arm>`` or `:func:`~robot.arm.move``: `the arm`, `move`."""
    shown = _TARGET.sub("", unescape(text)) or text
    shown = shown.rpartition(".")[2] if shown.startswith("~") else shown.removeprefix("!")
    if name.lower().rpartition(":")[2] in _CODE_ROLES:
        return [nodes.literal(rawtext, shown)], []
    return [nodes.inline(rawtext, shown)], []
