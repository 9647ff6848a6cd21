"""Each kind of failure can be told by the exit code alone, and `--help` says how."""

from ragspace.errors import EXIT_CONFIGURATION
from ragspace.space.failures import EXIT_CODES, EXIT_CODES_TOLD, SpaceFailure
from ragspace.space.hub_errors import of_status


def test_no_two_kinds_share_an_exit_code_and_none_is_one_of_the_shells_or_the_parsers():
    codes = list(EXIT_CODES.values())
    assert len(set(codes)) == len(codes)
    assert not {0, 1, 2, EXIT_CONFIGURATION} & set(codes)
    assert max(codes) < 126


def test_the_help_names_every_exit_code():
    told = [int(line.split()[0]) for line in EXIT_CODES_TOLD.splitlines()[1:]]
    assert set(told) == {*EXIT_CODES.values(), EXIT_CONFIGURATION, 130}


def test_every_refusal_of_the_hub_has_a_sentence_and_a_fix():
    failures = [of_status(status) for status in (400, 401, 402, 403, 404, 409, 412, 418, 429, 500, 503)]
    assert all(isinstance(failure, SpaceFailure) for failure in failures)
    assert all(failure.message.endswith(".") and failure.action for failure in failures)
