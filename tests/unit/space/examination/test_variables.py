"""The variables, line by line."""

from ragspace import configuration
from ragspace.space.checks import Check
from ragspace.space.examination.variables import check_variables

MARKED = "marked-secret-1234"


def told(**variables: str) -> dict[str, Check]:
    settings, problems = configuration.read(variables)
    checks = {check.name: check for check in check_variables(variables, settings, problems)}
    assert MARKED not in str(checks)
    return checks


def failed(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if check.outcome == "failed"]


def test_every_variable_that_is_missing_or_malformed_is_a_failed_line_of_its_name():
    checks = told(
        RAGSPACE_MODE="production",
        DATABASE_URL=f"mysql://{MARKED}",
        TOP_K="many",
        ALLOWED_ORIGINS="my-app.vercel.app",
        QDRANT_API_KEY=MARKED,
    )
    assert failed(checks) == ["ALLOWED_ORIGINS", "DATABASE_URL", "GEMINI_API_KEY", "QDRANT_URL", "TOP_K"]
    assert checks["QDRANT_URL"].detail == "Missing."
    assert checks["DATABASE_URL"].detail.startswith("Malformed: it does not start with postgresql://")
    assert "https://aistudio.google.com/apikey" in (checks["GEMINI_API_KEY"].fix or "")


def test_a_complete_configuration_names_what_is_set_and_shows_no_value():
    checks = told(
        GEMINI_API_KEY=MARKED,
        QDRANT_URL=f"https://{MARKED}.example",
        QDRANT_API_KEY=MARKED,
        DATABASE_URL=f"postgresql://u:{MARKED}@{MARKED}.example/d",
    )
    assert not failed(checks)
    assert "DATABASE_URL, GEMINI_API_KEY, QDRANT_API_KEY, QDRANT_URL" in checks["variables"].detail
    assert checks["on a Space"].outcome == "ok"


def test_what_a_space_would_miss_is_told_before_it_is_missed():
    check = told(GEMINI_API_KEY=MARKED)["on a Space"]
    assert check.outcome == "warning"
    assert "DATABASE_URL, QDRANT_API_KEY, QDRANT_URL" in check.detail


def test_a_mode_that_was_chosen_is_the_same_on_a_space():
    assert "on a Space" not in told(RAGSPACE_MODE="embedded")


def test_a_misspelt_name_is_told_with_the_one_that_is_meant():
    checks = told(GEMENI_API_KEY=MARKED, EDITOR="vi")
    assert checks["GEMENI_API_KEY"].outcome == "warning"
    assert "GEMINI_API_KEY" in (checks["GEMENI_API_KEY"].fix or "")
    assert "EDITOR" not in checks
