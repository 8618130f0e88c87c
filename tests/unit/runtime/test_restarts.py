"""Whether a dead worker is started again (`runtime.restarts`)."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.runtime.restarts import GiveUp, RestartLimits, Restarts, StartAgain

LIMITS = RestartLimits(deaths_at_once_max=5, deaths_within_seconds=60, pause_seconds_min=0.1, pause_seconds_max=0.5)


def test_a_worker_that_has_served_is_started_again_at_once() -> None:
    restarts = Restarts(LIMITS)
    assert [restarts.judge_death(at, ready_at=at - 100) for at in range(100)] == [StartAgain(0.0)] * 100


def test_the_first_death_at_once_costs_no_pause() -> None:
    """After a failed sync the process starts again on what recovery finds; mail programs should hardly notice."""
    assert Restarts(LIMITS).judge_death(10.0, ready_at=9.5) == StartAgain(0.0)


def test_deaths_at_once_are_followed_by_longer_pauses_and_then_by_none() -> None:
    restarts = Restarts(LIMITS)
    judged = [restarts.judge_death(float(at), ready_at=None) for at in range(5)]
    assert judged == [StartAgain(0.0), StartAgain(0.1), StartAgain(0.2), StartAgain(0.4), GiveUp(5)]


def test_pauses_have_a_limit() -> None:
    restarts = Restarts(RestartLimits(deaths_at_once_max=100, pause_seconds_max=5.0))
    pauses = [restarts.judge_death(0.0, None) for _ in range(50)]
    assert pauses[-1] == StartAgain(5.0)


def test_a_worker_that_lives_ends_the_row() -> None:
    restarts = Restarts(LIMITS)
    for at in range(4):
        restarts.judge_death(float(at), None)
    assert restarts.judge_death(20.0, ready_at=10.0) == StartAgain(0.0)
    assert restarts.judge_death(21.0, None) == StartAgain(0.0)


def test_old_deaths_do_not_count() -> None:
    restarts = Restarts(LIMITS)
    judged = [restarts.judge_death(at * 61.0, None) for at in range(20)]
    assert judged == [StartAgain(0.0)] * 20


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=50))
def test_it_gives_up_exactly_when_too_many_died_at_once_in_a_row(deaths: list[tuple[float, bool]]) -> None:
    """The model: the whole list of deaths, counted from its end."""
    restarts, at, row = Restarts(LIMITS), 0.0, list[float]()
    for after, served in deaths:
        at += after
        row = [] if served else [*row, at]
        judged = restarts.judge_death(at, at - 10 if served else None)
        recent = sum(death > at - 60 for death in row[-5:])
        assert isinstance(judged, GiveUp) == (recent >= 5)
