from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest

from ragspace.documents.passage import PASSAGE_NAMESPACE, Passage
from ragspace.retrieval.payload import from_payload, passage_id, point_id, to_payload
from tests.support.passages import passage


def test_a_passage_survives_the_payload_with_its_id() -> None:
    original = passage("LiDAR measures distance.", heading="LiDAR & Radar", part=2)

    assert from_payload(to_payload(original)) == original
    assert from_payload(to_payload(original)).id == original.id


def test_a_passage_that_has_siblings_still_knows_their_ids() -> None:
    original = replace(passage("LiDAR measures distance.", part=2), section="0123456789")

    assert from_payload(to_payload(original)).sibling_id(1) == original.sibling_id(1)


def test_a_payload_of_an_earlier_version_gives_page_and_anchor() -> None:
    found = from_payload(
        {
            "file_path": "docs/module-01/chapter-03.md",
            "heading_path": ["Sensors", "What is LiDAR?"],
            "section_depth": 2,
            "content": "LiDAR measures distance.",
            "token_count": 4,
        }
    )

    assert found == Passage(
        file="docs/module-01/chapter-03.md",
        page="docs/module-01/chapter-03",
        heading_path=("Sensors", "What is LiDAR?"),
        anchor="what-is-lidar",
        section_depth=2,
        content="LiDAR measures distance.",
        token_count=4,
    )


def test_a_heading_path_may_be_one_string() -> None:
    assert from_payload({"heading_path": "Sensors > LiDAR"}).heading_path == ("Sensors", "LiDAR")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"heading_path": None, "content": None},
        {"heading_path": 7, "token_count": "many"},
        {"page": 1},
    ],
)
def test_a_payload_of_another_program_gives_an_empty_passage(payload: dict[str, Any] | None) -> None:
    found = from_payload(payload)

    assert (found.file, found.page, found.heading_path, found.content) == ("", "", (), "")
    assert (found.token_count, found.part, found.parts) == (0, 1, 1)


@pytest.mark.parametrize("number", [0, 7, (1 << 64) - 1])
def test_a_numbered_point_keeps_its_number(number: int) -> None:
    assert point_id(passage_id(number)) == number


@pytest.mark.parametrize("given", ["5b2f0a0e-7a7c-4d0f-9a55-0f6f6c1f1a11", UUID(int=1 << 100)])
def test_a_uuid_stays_a_uuid(given: str | UUID) -> None:
    assert point_id(passage_id(given)) == str(given)


def test_our_own_ids_are_never_taken_for_numbers() -> None:
    assert isinstance(point_id(uuid5(PASSAGE_NAMESPACE, "a")), str)
