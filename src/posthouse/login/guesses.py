"""Passwords being looked at on threads. The same one from the same origin is looked at once, whoever waits for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from posthouse.login.errors import LoginBusy
from posthouse.login.failures import Origin
from posthouse.login.passwords import hash_password, needs_rehash, verify_password
from posthouse.runtime.workers import Workers, WorkersBusy

# So many guesses can overshoot failures_max, for they were let in before their predecessors were found wrong.
GUESSES_PER_ORIGIN_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Guess:
    """A password being looked at, known by its digest. How long its reply would be held back makes no other of it."""

    origin: Origin
    digest: bytes
    delay_seconds: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a guess. ``new_hash``: the same password under today's parameters, when the kept one has others."""

    is_right: bool
    new_hash: str | None


WRONG: Final = Finding(is_right=False, new_hash=None)


class Guesses:
    """The guesses under way."""

    __slots__ = ("_found", "_under_way", "_workers")

    def __init__(self, workers: Workers, found: Callable[[Guess, Finding], None]) -> None:
        """``found`` is called once for each guess when it is decided, before anybody who waits for it goes on.

        It is called even when nobody waits any more: who hangs up before the answer has guessed all the same.
        """
        self._workers = workers
        self._found = found
        self._under_way: dict[Guess, asyncio.Future[Finding]] = {}

    def look_at(self, guess: Guess, password_hash: str, password: str) -> asyncio.Future[Finding]:
        """Look at a password. The future is shared: shield it. Raises LoginBusy."""
        known = self._under_way.get(guess)
        if known is not None:
            return known
        if sum(other.origin == guess.origin for other in self._under_way) >= GUESSES_PER_ORIGIN_MAX:
            raise LoginBusy("too many passwords at once for one account")
        try:
            future = self._workers.run(_look_at, password_hash, password)
        except WorkersBusy:
            raise LoginBusy("too many passwords at once") from None
        self._under_way[guess] = future
        future.add_done_callback(lambda done: self._decided(guess, done))
        return future

    def _decided(self, guess: Guess, future: asyncio.Future[Finding]) -> None:
        del self._under_way[guess]
        if not future.cancelled() and future.exception() is None:
            self._found(guess, future.result())


def _look_at(password_hash: str, password: str) -> Finding:
    """Runs on a thread, about 25 ms, twice that when the hash is made anew."""
    if not verify_password(password_hash, password):
        return WRONG
    return Finding(is_right=True, new_hash=hash_password(password) if needs_rehash(password_hash) else None)
