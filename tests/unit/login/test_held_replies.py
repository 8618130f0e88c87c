"""Replies held back: a place for the whole delay, so many for a network."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.login.held_replies import HeldReplies
from posthouse.policy.networks import NetworkKey

NETWORKS = [NetworkKey.of(f"192.0.2.{number}") for number in range(3)]


def test_a_place_is_free_again_when_its_delay_is_over() -> None:
    held = HeldReplies(per_network_max=2)
    held.hold(NETWORKS[0], 0.0, 5.0)
    held.hold(NETWORKS[0], 1.0, 2.0)
    assert held.is_full(NETWORKS[0], 2.9)
    assert not held.is_full(NETWORKS[1], 2.9)
    assert not held.is_full(NETWORKS[0], 3.0)


def test_nothing_is_kept_of_networks_that_are_quiet() -> None:
    held = HeldReplies()
    held.hold(NETWORKS[0], 0.0, 5.0)
    assert not held.is_full(NETWORKS[1], 5.0)
    assert (held._by_network, held._ends) == ({}, [])


steps = st.lists(st.tuples(st.sampled_from(NETWORKS), st.floats(0, 10), st.floats(0, 15)), max_size=40)


@given(steps)
def test_it_counts_like_a_plain_list(taken: list[tuple[NetworkKey, float, float]]) -> None:
    """Against a model that keeps every reply and looks at all of them each time."""
    held, model, now = HeldReplies(per_network_max=3), [], 0.0
    for network, pause, seconds in taken:
        now += pause
        full = sum(other == network and end > now for other, end in model) >= 3
        assert held.is_full(network, now) is full
        if not full:
            held.hold(network, now, seconds)
            model.append((network, now + seconds))
