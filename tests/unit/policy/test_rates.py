"""Guessing passwords: what a person meets, and what a guesser can reach at most."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.policy.rates import (
    DEFAULT_THROTTLE,
    NO_FAILURES,
    Attempt,
    AttemptFacts,
    Failures,
    ShutOut,
    ThrottleLimits,
    counted,
    judge_attempt,
)

HOUR = 3600.0


def judge(count: int, seconds_since_last: float) -> Attempt | ShutOut:
    failures = Failures(count, seconds_since_last)
    return judge_attempt(AttemptFacts(network=failures, account_from_network=failures))


def test_the_first_mistake_costs_two_seconds() -> None:
    assert judge_attempt(AttemptFacts(NO_FAILURES, NO_FAILURES)) == Attempt(delay_seconds=2.0)


def test_each_mistake_doubles_the_delay_up_to_fifteen_seconds() -> None:
    delays = [judge(count, 1.0) for count in range(6)]
    assert delays == [Attempt(seconds) for seconds in (2.0, 4.0, 8.0, 15.0, 15.0, 15.0)]


def test_ten_mistakes_shut_the_account_to_that_network_for_a_quarter_of_an_hour() -> None:
    assert isinstance(judge(9, 0.0), Attempt)
    assert judge(10, 0.0) == ShutOut(retry_after_seconds=900.0)
    assert judge(10, 600.0) == ShutOut(retry_after_seconds=300.0)
    assert judge(10, 900.0) == Attempt(delay_seconds=15.0)


def test_after_a_shut_out_one_more_mistake_shuts_again() -> None:
    assert judge(11, 0.0) == ShutOut(retry_after_seconds=900.0)


def test_mistakes_are_forgotten_after_an_hour_without_one() -> None:
    assert judge(1000, HOUR) == Attempt(delay_seconds=2.0)
    assert counted(Failures(1000, HOUR - 1)) == 1000
    assert counted(Failures(1000, HOUR)) == 0


def test_the_mistakes_of_neighbours_slow_but_do_not_shut_out() -> None:
    """One address may hold a whole company: only an account's own failures shut it."""
    facts = AttemptFacts(network=Failures(5000, 0.0), account_from_network=Failures(1, 1.0))
    assert judge_attempt(facts) == Attempt(delay_seconds=15.0)


def test_a_guesser_who_never_rests_makes_far_fewer_than_a_hundred_guesses_an_hour() -> None:
    """OWASP ASVS 2.2.1: at most 100 failed attempts an hour on one account. He tries again with each reply."""
    now, last, count, guesses = 0.0, -math.inf, 0, []
    while now < 24 * HOUR:
        verdict = judge(count, now - last)
        if isinstance(verdict, ShutOut):
            now += verdict.retry_after_seconds
            continue
        count, last = counted(Failures(count, now - last)) + 1, now
        guesses.append(now)
        now += verdict.delay_seconds
    worst = max(sum(start <= guess < start + HOUR for guess in guesses) for start in guesses)
    assert worst <= 14
    assert len(guesses) <= 10 + 24 * 4


def test_a_guesser_who_does_not_wait_for_replies_gains_nothing() -> None:
    """He hangs up before the delay is over: failures count when they happen, so the eleventh is not looked at."""
    looked_at = 0
    while isinstance(judge(looked_at, 0.0), Attempt):
        looked_at += 1
    assert looked_at == 10


@given(st.integers(0, 10**9), st.floats(0, 10**6), st.integers(0, 10**9), st.floats(0, 10**6))
def test_a_verdict_is_always_within_its_limits(network: int, since: float, account: int, account_since: float) -> None:
    """No delay over what mail programs wait for, no shut-out without end."""
    verdict = judge_attempt(AttemptFacts(Failures(network, since), Failures(account, account_since)))
    if isinstance(verdict, Attempt):
        assert 2.0 <= verdict.delay_seconds <= 15.0
    else:
        assert account >= 10
        assert 0 < verdict.retry_after_seconds <= 900.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_first_seconds": -1.0},
        {"delay_first_seconds": 20.0},
        {"failures_max": 0},
        {"shut_out_seconds": 0.0},
        {"shut_out_seconds": HOUR},
    ],
    ids=str,
)
def test_limits_that_make_no_sense_cannot_be_built(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ThrottleLimits(**wrong)  # type: ignore[arg-type]


def test_a_limit_can_be_set_by_the_postmaster() -> None:
    strict = ThrottleLimits(failures_max=1, shut_out_seconds=60.0)
    facts = AttemptFacts(NO_FAILURES, Failures(1, 0.0))
    assert judge_attempt(facts, strict) == ShutOut(60.0)
    assert isinstance(judge_attempt(facts, DEFAULT_THROTTLE), Attempt)
