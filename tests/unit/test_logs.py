import base64
import json
import logging
from urllib.parse import quote

import pytest
import structlog

from ragspace.logs import configure_logs, redaction, request_id

SECRET = 'marked+secret/"value"??>>'


@pytest.fixture(autouse=True)
def restored_logging():
    handlers, level = logging.root.handlers, logging.root.level
    yield
    logging.root.handlers, logging.root.level = handlers, level
    structlog.reset_defaults()


def test_a_record_is_one_line_of_json_with_the_request_id(capsys: pytest.CaptureFixture[str]):
    configure_logs()
    token = request_id.set("abc")
    structlog.get_logger("x").info("asked", status=200)
    request_id.reset(token)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["status"], line["level"], line["request_id"]) == ("asked", 200, "info", "abc")


def test_records_of_the_standard_library_take_the_same_way(capsys: pytest.CaptureFixture[str]):
    configure_logs("WARNING", [SECRET])
    logging.getLogger("uvicorn.error").info("left out")
    logging.getLogger("uvicorn.error").warning("with %s", SECRET)
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "with [redacted]"


def test_a_traceback_is_logged_without_the_secret_in_it(capsys: pytest.CaptureFixture[str]):
    configure_logs("INFO", [SECRET])
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger("x").exception("broken")
    written = capsys.readouterr().err
    assert "Traceback" in written
    assert "marked" not in written


def test_a_secret_within_a_longer_text_in_base64_is_taken_out():
    for login in ("", "m", "me", "me:"):
        shown = redaction([SECRET])(base64.b64encode(f"{login}{SECRET}!".encode()).decode())
        assert "[redacted]" in shown
        # Two characters at either end depend on what stands around the secret.
        assert len(shown.replace("[redacted]", "")) <= len(login) * 2 + 6


@pytest.mark.parametrize(
    "form",
    [SECRET, quote(SECRET), quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(),
     base64.urlsafe_b64encode(SECRET.encode()).decode(), json.dumps(SECRET)[1:-1]],
)  # fmt: skip
def test_every_form_of_a_secret_is_taken_out(form: str):
    shown = redaction([SECRET])(f"before {form} after")
    assert shown.startswith("before [redacted]")
    assert "marked" not in shown


def test_passwords_in_urls_are_taken_out_even_when_unknown():
    assert redaction([])("at postgresql://me:hunter2@db/x") == "at postgresql://me:[redacted]@db/x"


def test_short_values_do_not_blank_out_ordinary_words():
    assert redaction(["error"])("an error") == "an error"


def test_a_long_line_of_dots_is_looked_through_once():
    """A path is as long as its sender likes; in time that grows with its square, this would take hours."""
    line = "/" + "a.b" * 1_000_000
    assert redaction([SECRET])(line) == line
