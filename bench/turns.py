"""Servers take turns: in every round each one works once, in the other order in every other round."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def take_turns(rounds: int, *servers: Callable[[], T]) -> list[Sequence[T]]:
    """What each server gave, round by round."""
    given: list[list[T]] = [[] for _ in servers]
    order = list(range(len(servers)))
    for _ in range(rounds):
        for which in order:
            given[which].append(servers[which]())
        order.reverse()
    return list(given)
