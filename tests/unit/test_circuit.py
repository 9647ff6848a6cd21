import pytest

from ragspace.circuit import FAILURES, LONG_SECONDS, MOST_REPEATS, PAUSE_SECONDS, Circuit


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(clock)


@pytest.fixture
def opened(circuit: Circuit, clock: Clock) -> Circuit:
    for _ in range(FAILURES):
        circuit.failed("timeout", clock.time)
    return circuit


def test_calls_are_made_until_enough_in_a_row_waited_in_vain(circuit: Circuit, clock: Clock):
    for _ in range(FAILURES - 1):
        circuit.failed("timeout", clock.time)
    circuit.answered()
    for _ in range(FAILURES - 1):
        circuit.failed("timeout", clock.time)
    assert circuit.refusal() is None
    circuit.failed("timeout", clock.time)
    assert circuit.refusal() == "timeout"


def test_calls_that_fail_at_once_are_always_made(circuit: Circuit, clock: Clock):
    for _ in range(10 * FAILURES):
        circuit.failed("unreachable", clock.time)
    assert circuit.refusal() is None


def test_a_refusal_that_takes_its_time_counts(circuit: Circuit, clock: Clock):
    for _ in range(FAILURES):
        circuit.failed("unreachable", clock.time - LONG_SECONDS)
    assert circuit.refusal() == "unreachable"


def test_after_a_pause_one_call_at_a_time_may_try(opened: Circuit, clock: Clock):
    clock.time += PAUSE_SECONDS
    assert opened.refusal() is None
    assert opened.refusal() == "timeout"
    opened.failed("timeout", clock.time)
    assert opened.refusal() == "timeout"
    clock.time += PAUSE_SECONDS
    assert opened.refusal() is None


def test_a_check_that_was_answered_lets_one_call_try_and_its_answer_lets_all(opened: Circuit):
    opened.checked()
    assert opened.refusal() is None
    assert opened.refusal() == "timeout"
    opened.answered()
    assert [opened.refusal(), opened.refusal()] == [None, None]


def test_a_trial_that_nobody_waits_for_any_more_leaves_its_place_to_another(opened: Circuit):
    opened.checked()
    assert opened.refusal() is None
    opened.given_up()
    assert opened.refusal() is None


def test_repeats_are_a_tenth_of_what_succeeds_after_a_few_to_begin_with(circuit: Circuit):
    assert [circuit.may_repeat() for _ in range(int(MOST_REPEATS) + 1)] == [True] * int(MOST_REPEATS) + [
        False
    ]
    for _ in range(11):
        circuit.answered()
    assert [circuit.may_repeat(), circuit.may_repeat()] == [True, False]


def test_nothing_is_repeated_while_the_service_is_not_asked(opened: Circuit):
    assert not opened.may_repeat()
