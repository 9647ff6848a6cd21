"""Origins that let strangers in, or keep one's own front end out."""

import pytest

from ragspace import configuration
from ragspace.space.checks import Check
from ragspace.space.examination.origins import check_origins, fits_strangers


def told(mode: str = "mixed", **variables: str) -> list[Check]:
    settings, _ = configuration.read({"RAGSPACE_MODE": mode, **variables})
    return list(check_origins(settings))


@pytest.mark.parametrize(
    "pattern",
    [
        "my-app-*.vercel.app",
        "*-myteam.vercel.app",
        "*.vercel.app",
        "*.my-app.pages.dev.example-*.com",
        "my-app-*.github.io",
        "docs.*.vercel.app",
        "my-app-*.com",
        "my-app.example.*",
    ],
)
def test_a_pattern_that_a_strangers_project_fits_is_found(pattern: str):
    assert fits_strangers(pattern)


@pytest.mark.parametrize(
    "pattern", ["my-app-*-myteam.vercel.app", "*.example.com", "preview-*.docs.example.org", "*.me.github.io"]
)
def test_a_pattern_that_only_ones_own_hosts_fit_is_not_doubted(pattern: str):
    assert not fits_strangers(pattern)


def test_a_doubtful_pattern_is_a_warning_that_names_it_and_a_better_one():
    [check] = told(ALLOWED_ORIGINS="https://my-app.vercel.app,https://my-app-*.vercel.app")
    assert check.outcome == "warning"
    assert "https://my-app-*.vercel.app" in check.detail
    assert "https://my-app-*-myteam.vercel.app" in (check.fix or "")


def test_good_origins_are_one_line():
    [check] = told("production", ALLOWED_ORIGINS="https://my-app.vercel.app,http://localhost:3000")
    assert check.outcome == "ok"


@pytest.mark.parametrize("given", [{}, {"ALLOWED_ORIGINS": "http://localhost:3000,http://127.0.0.1:5173"}])
def test_only_this_machine_in_production_is_a_warning(given: dict[str, str]):
    [check] = told("production", **given)
    assert check.outcome == "warning"
    assert "own machine" in check.detail


def test_only_this_machine_is_fine_while_one_develops():
    assert [check.outcome for check in told()] == ["ok"]


def test_a_page_without_encryption_is_doubted_with_the_likely_origin():
    [check] = told(ALLOWED_ORIGINS="http://my-app.vercel.app")
    assert check.outcome == "warning"
    assert "https://my-app.vercel.app" in (check.fix or "")
