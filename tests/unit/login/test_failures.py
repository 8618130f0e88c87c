"""The failure book: what counts, for whom, for how long, and that it never grows without end."""

from posthouse.login.failures import FailureBook, Origin
from posthouse.policy.networks import NetworkKey
from posthouse.policy.rates import Attempt, ShutOut, ThrottleLimits

LIMITS = ThrottleLimits()
HERE, THERE = NetworkKey.of("192.0.2.1"), NetworkKey.of("2001:db8::1")
ADA = Origin("ada@example.org", HERE)


def note(book: FailureBook, origin: Origin, times: int, now: float = 0.0) -> None:
    for number in range(times):
        book.note(origin, b"%d" % number, now)


def test_an_empty_book_lets_everybody_try() -> None:
    assert FailureBook(LIMITS).judge(ADA, 0.0) == Attempt(LIMITS.delay_first_seconds)


def test_failures_shut_out_one_account_from_one_network() -> None:
    """The neighbour's account, and the same account from elsewhere, are not shut."""
    book = FailureBook(LIMITS)
    note(book, ADA, 10)
    assert book.judge(ADA, 1.0) == ShutOut(899.0)
    assert isinstance(book.judge(Origin("grace@example.org", HERE), 1.0), Attempt)
    assert book.judge(Origin("ada@example.org", THERE), 1.0) == Attempt(2.0)


def test_failures_slow_the_whole_network() -> None:
    """Whoever tries one password on every account is one guesser."""
    book = FailureBook(LIMITS)
    for number in range(3):
        book.note(Origin(f"user{number}@example.org", HERE), b"x", 0.0)
    assert book.judge(ADA, 0.0) == Attempt(15.0)
    assert book.judge(Origin("ada@example.org", THERE), 0.0) == Attempt(2.0)


def test_old_failures_are_begun_anew() -> None:
    book = FailureBook(LIMITS)
    note(book, ADA, 10)
    note(book, ADA, 1, now=3_600.0)
    assert book.judge(ADA, 3_600.0) == Attempt(4.0)
    assert not book.is_known_wrong(ADA, b"5")


def test_forgiving_clears_the_account_and_not_the_network() -> None:
    book = FailureBook(LIMITS)
    note(book, ADA, 10)
    book.forgive(ADA)
    assert book.judge(ADA, 0.0) == Attempt(15.0)
    assert not book.is_known_wrong(ADA, b"0")
    book.forgive(ADA)


def test_the_book_forgets_the_oldest_when_it_is_full() -> None:
    """A guesser with a million networks takes no more memory than one with fifty thousand."""
    book = FailureBook(LIMITS, origins_max=3)
    origins = [Origin(f"user{number}@example.org", NetworkKey.of(f"192.0.2.{number}")) for number in range(4)]
    for origin in origins:
        book.note(origin, b"x", 0.0)
    assert [book.is_known_wrong(origin, b"x") for origin in origins] == [False, True, True, True]
    assert book.judge(origins[0], 0.0) == Attempt(2.0)


def test_an_origin_keeps_no_more_digests_than_it_has_guesses() -> None:
    book = FailureBook(LIMITS)
    note(book, ADA, 1_000)
    assert sum(book.is_known_wrong(ADA, b"%d" % number) for number in range(1_000)) == LIMITS.failures_max
