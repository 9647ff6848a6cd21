import pytest

from ragspace.models.openai import endpoint, read_event, request_body
from ragspace.models.protocols import GenerationRequest, Turn
from ragspace.upstream import UpstreamFailure


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1"),
        ("https://router.huggingface.co/v1/chat/completions", "https://router.huggingface.co/v1"),
        ("https://example.com/openai/deployments/a", "https://example.com/openai/deployments/a"),
    ],
)
def test_the_endpoint_may_be_given_as_people_write_it(given: str, used: str) -> None:
    assert endpoint(given) == used


@pytest.mark.parametrize(
    ("base_url", "field"),
    [("https://api.openai.com/v1", "max_completion_tokens"), ("http://localhost:11434/v1", "max_tokens")],
)
def test_the_answer_is_bounded_by_the_name_the_server_knows(base_url: str, field: str) -> None:
    request = GenerationRequest("Be brief.", (Turn("user", "Why?"),), "Why?", ())
    limits = {name for name in request_body(request, "m", base_url) if name.startswith("max_")}
    assert limits == {field}


@pytest.mark.parametrize("content", [5, {"text": "a"}, [{"type": "text", "text": "a"}]])
def test_content_that_is_no_text_is_the_models_failure(content: object) -> None:
    assert isinstance(read_event({"choices": [{"delta": {"content": content}}]}).end, UpstreamFailure)
