"""The OpenAPI description holds, whatever is sent: what is answered is what it says.

RAGSPACE_SCHEMA_EXAMPLES sets how many requests are made for each operation.
"""

import json
import os
import urllib.request
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.support.server import RunningServer

EXAMPLES = int(os.environ.get("RAGSPACE_SCHEMA_EXAMPLES", "15"))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_another_than_the_description_says(attacked: RunningServer, mode: GenerationMode):
    with urllib.request.urlopen(f"{attacked.url}/openapi.json") as response:
        schema = schemathesis.openapi.from_dict(json.load(response))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 8
    for operation in operations:
        _ask(operation, mode, attacked.url)


def _ask(operation: Any, mode: GenerationMode, url: str) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def holds(case: Any) -> None:
        case.call_and_validate(base_url=url, timeout=20)

    holds()
