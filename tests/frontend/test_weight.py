"""What a site that embeds the chat makes its readers load."""

import gzip
import re

from tests.support import programs
from tests.support.skips import requires

pytestmark = requires("frontend")

AT_MOST = 40_000
"""Bytes of `widget.js` on the wire, with all that it needs."""


def test_the_widget_is_one_file_of_forty_kilobytes() -> None:
    built = programs.built_frontend()
    assert built is not None
    widget = (built / "widget.js").read_bytes()
    assert len(gzip.compress(widget, 9)) <= AT_MOST
    assert re.findall(rb"""(?:\bfrom|\bimport)\s*\(?\s*["'`]""", widget) == []
