from collections.abc import Callable
from pathlib import Path

import pytest

from ragspace.documents.passage import Passage
from ragspace.documents.reader import Document, SkippedFile

PassagesOf = Callable[..., list[Passage]]


def test_a_manual_of_sphinx_becomes_markdown(docs: Path, read_file: Callable[[Path], Document]) -> None:
    passages = read_file(docs / "guide" / "manual.rst").passages
    assert [(p.heading, p.anchor, p.section_depth, p.content) for p in passages] == [
        ("Manual of robots", "manual-of-robots", 1, "See `code` and the label and emphasis."),
        (
            "Manual of robots > Arm & hand",
            "arm-hand",
            2,
            (
                "Noted.\n\n3.8\nNow stronger.\n\n```python\n# no heading\nmove()\n```\n\ngrip(force)\n\n"
                "Closes the hand.\n\n- one\n- two\n\n  - nested\n\n| A | B |\n| --- | --- |\n| 1 | 2 |"
            ),
        ),
        ("Manual of robots > Arm & hand > Joint", "joint", 3, "```\nliteral\n```"),
        ("Manual of robots > Arm & hand > Joint", "id1", 3, "Second joint."),
    ]


def test_no_other_file_is_read_and_no_raw_html_let_in(
    tmp_path: Path, read_bytes: Callable[..., Document | SkippedFile]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "secret").write_text("a secret")
    source = (
        ".. include:: secret\n\n.. csv-table::\n   :file: secret\n\n.. raw:: html\n\n   <script>x</script>\n"
    )
    assert read_bytes(source, "a.rst") == SkippedFile("docs/a.rst", "The file holds no text.")


def test_broken_markup_is_read_in_silence(passages_of: PassagesOf, capfd: pytest.CaptureFixture[str]) -> None:
    (passage,) = passages_of("Title\n==\n\n*unclosed `and |sub| ref_\n\n  odd indent\n", "a.rst")
    assert "unclosed" in passage.content
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (":doc:`intro/setup`", "intro/setup"),
        (":ref:`the arm <arm>`", "the arm"),
        (":py:func:`~robot.arm.move`", "`move`"),
        (":class:`!Robot`", "`Robot`"),
        ("``:ref:`x` y``", "`` :ref:`x` y ``"),
    ],
)
def test_roles_of_sphinx_show_what_its_readers_see(passages_of: PassagesOf, role: str, shown: str) -> None:
    (passage,) = passages_of(f"See {role}.\n", "a.rst")
    assert passage.content == f"See {shown}."


def test_lines_longer_than_docutils_likes_are_read(passages_of: PassagesOf) -> None:
    assert len(passages_of("word " * 5000, "a.rst")) > 1


def test_numbered_lists_keep_their_numbers(passages_of: PassagesOf) -> None:
    (passage,) = passages_of("3. a\n4. b\n", "a.rst")
    assert passage.content == "3. a\n4. b"
