"""The OpenAPI description holds, whatever is sent: what is answered is what it says."""

import json
import os
import urllib.request
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.support.server import RunningServer

EXAMPLES = 150 if os.environ.get("RAGSPACE_SOAK") == "1" else 15
"""For each operation."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_another_than_the_description_says(attacked: RunningServer, mode: GenerationMode):
    with urllib.request.urlopen(f"{attacked.url}/openapi.json") as response:
        schema = schemathesis.openapi.from_dict(json.load(response))
    checks = schema.config.checks
    # No schema can say that an event id is to be one of this very answer's.
    checks.positive_data_acceptance.expected_statuses += ["400"]
    checks.negative_data_rejection.expected_statuses += ["413"]
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 8
    for operation in operations:
        # What takes nothing cannot be asked wrongly.
        if mode is GenerationMode.POSITIVE or operation.body or operation.path_parameters:
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
