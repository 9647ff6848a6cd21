from ragspace.documents.formats.plaintext import read_plain_text


def test_empty_lines_and_form_feeds_part_paragraphs() -> None:
    (section,) = read_plain_text("One\ntwo\n \t\nthree\ffour\n\n\n").sections
    assert [block.text for block in section.blocks] == ["One\ntwo", "three", "four"]
    assert section.heading_path == ()
