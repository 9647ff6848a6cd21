"""What the document says of faults is what was proved."""

from tests.faults.markdown import DOCUMENT, inserted


def test_the_document_shows_the_table_that_is_proved() -> None:
    document = DOCUMENT.read_text()
    assert inserted(document) == document, "run scripts/fault-table"
