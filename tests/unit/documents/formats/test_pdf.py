import io
from collections.abc import Callable

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from ragspace.documents.passage import Passage
from ragspace.documents.reader import Document, SkippedFile

PassagesOf = Callable[..., list[Passage]]


def pdf(*pages: str) -> PdfWriter:
    """A document with a page for each text, each line of it a line on the page."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(width=400, height=400)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        shown = "".join(f"({line}) Tj T* " for line in text.splitlines())
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 14 TL 20 380 Td {shown} ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    return writer


def written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_without_an_outline_each_page_is_a_section(passages_of: PassagesOf) -> None:
    writer = pdf("The first page.", "", "The third\npage, hyphen-\nated . . . . . . . 3")
    writer.add_metadata({"/Title": "Robot manual"})
    passages = passages_of(written(writer), "manual.pdf")
    assert [(p.heading, p.anchor, p.page, p.content) for p in passages] == [
        ("Robot manual > Page 1", "page=1", "docs/manual.pdf", "The first page."),
        ("Robot manual > Page 3", "page=3", "docs/manual.pdf", "The third\npage, hyphenated … 3"),
    ]


def test_the_outline_gives_the_headings(passages_of: PassagesOf) -> None:
    writer = pdf("A preface.", "1 Arms\nAbout arms.\nHands\nAbout hands.", "More of hands.")
    arms = writer.add_outline_item(title="Arms", page_number=1)
    writer.add_outline_item(title="Hands", page_number=1, parent=arms)
    passages = passages_of(written(writer), "manual.pdf")
    assert [(p.heading, p.anchor, p.section_depth, p.content) for p in passages] == [
        ("", "", 0, "A preface."),
        ("Arms", "page=2", 1, "About arms."),
        ("Arms > Hands", "page=2", 2, "About hands.\n\nMore of hands."),
    ]


@pytest.mark.parametrize("title", ["Microsoft Word - draft3.docx", "untitled", "manual.tex"])
def test_a_title_that_names_the_source_file_is_none(passages_of: PassagesOf, title: str) -> None:
    writer = pdf("Text.")
    writer.add_metadata({"/Title": title})
    (passage,) = passages_of(written(writer), "manual.pdf")
    assert passage.heading == "Page 1"


def test_a_file_protected_by_a_password_is_told(read_bytes: Callable[..., Document | SkippedFile]) -> None:
    writer = pdf("Secret.")
    writer.encrypt("password", algorithm="RC4-128")
    skipped = read_bytes(written(writer), "a.pdf")
    assert skipped == SkippedFile("docs/a.pdf", "The file is protected by a password.")


def test_a_file_that_opens_without_a_password_is_read(passages_of: PassagesOf) -> None:
    writer = pdf("Public.")
    writer.encrypt("", "owner", algorithm="RC4-128")
    assert [p.content for p in passages_of(written(writer), "a.pdf")] == ["Public."]


def test_pictures_of_pages_are_told(read_bytes: Callable[..., Document | SkippedFile]) -> None:
    skipped = read_bytes(written(pdf("", "")), "scan.pdf")
    assert skipped == SkippedFile("docs/scan.pdf", "The file holds no text, only pictures of pages.")


def test_a_file_cut_off_in_the_middle_is_told_in_silence(
    read_bytes: Callable[..., Document | SkippedFile], caplog: pytest.LogCaptureFixture
) -> None:
    data = written(pdf("Text."))
    assert read_bytes(data[:60], "a.pdf") == SkippedFile("docs/a.pdf", "The file is not a readable PDF.")
    assert not caplog.records
