"""How long a phase may last: arithmetic on four numbers (`doors.patience`)."""

import math

from hypothesis import given
from hypothesis import strategies as st

from posthouse.doors.patience import COMMAND_PATIENCE, GRACE_SECONDS, Patience, Phase

seconds = st.floats(min_value=0, max_value=10_000)


def test_a_command_gets_five_minutes() -> None:
    """RFC 5321 4.5.3.2.7: at least 5 minutes while awaiting the next command."""
    assert Phase(COMMAND_PATIENCE, 100.0).ends_at() == 400.0


def test_what_is_not_limited_never_ends() -> None:
    assert Phase(Patience(), 100.0).ends_at() == math.inf


def test_octets_do_not_lengthen_a_command() -> None:
    """A peer that sends its command octet by octet gets no more time than one that sends nothing (slow loris)."""
    phase = Phase(Patience(total_seconds=300), 100.0)
    phase.heard_at, phase.octets = 390.0, 500
    assert phase.ends_at() == 400.0


def test_silence_counts_from_the_last_octet() -> None:
    """RFC 5321 4.5.3.2.5: 3 minutes for each block of data."""
    phase = Phase(Patience(silence_seconds=180), 100.0)
    assert phase.ends_at() == 280.0
    phase.heard_at = 250.0
    assert phase.ends_at() == 430.0


def test_a_rate_is_asked_only_after_a_grace() -> None:
    phase = Phase(Patience(octets_per_second_min=100), 0.0)
    assert phase.ends_at() == GRACE_SECONDS
    phase.octets = 1_000
    assert phase.ends_at() == GRACE_SECONDS + 10


def test_the_time_that_we_took_is_left_out() -> None:
    """The peer answers for its own time, not for our commits."""
    phase = Phase(Patience(total_seconds=300, silence_seconds=100), 0.0)
    phase.heard_at = 50.0
    phase.leave_out(60.0, 160.0)
    assert (phase.began, phase.heard_at) == (100.0, 160.0)
    assert phase.ends_at() == 260.0


def test_a_next_phase_forgets_the_one_before() -> None:
    phase = Phase(Patience(total_seconds=1), 0.0)
    phase.octets = 5
    phase.begin(Patience(total_seconds=10), 20.0)
    assert (phase.ends_at(), phase.octets) == (30.0, 0)


@given(seconds, seconds, seconds, seconds, st.integers(min_value=0, max_value=10**6))
def test_more_from_the_peer_never_shortens_its_time(
    total: float, silence: float, rate: float, later: float, octets: int
) -> None:
    phase = Phase(Patience(total, silence, rate), 0.0)
    before = phase.ends_at()
    phase.heard_at, phase.octets = later, octets
    assert phase.ends_at() >= before or math.isclose(phase.ends_at(), before)
    assert phase.ends_at() <= total
