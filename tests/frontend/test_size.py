"""What a site pays for the chat: one file, small once it is compressed."""

import gzip
import re

from tests.support.programs import FRONTEND
from tests.support.skips import requires

pytestmark = requires("frontend")

MAX_BYTES = 40_000


def test_the_widget_is_at_most_40_kb_gzipped() -> None:
    compressed = gzip.compress((FRONTEND / "dist" / "widget.js").read_bytes(), compresslevel=9)
    assert len(compressed) <= MAX_BYTES


def test_the_widget_is_one_file_that_loads_no_other() -> None:
    script = (FRONTEND / "dist" / "widget.js").read_text()
    assert "import(" not in script
    assert not any(line.startswith("import") for line in script.splitlines())
    assert re.findall(r"""(?:\bfrom|\bimport)\s*\(?\s*["'`]""", script) == []
