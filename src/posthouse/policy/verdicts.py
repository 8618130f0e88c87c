"""What a decision comes to: accepted for a stated reason, deferred, or refused (RFC 5321 4.2.1, RFC 3463 2).

A verdict carries no protocol words: each door turns it into its own reply.
"""

from dataclasses import dataclass

from msgspec import Struct

from posthouse.message.status import Status


class Accept(Struct, frozen=True):
    """We take responsibility. ``because`` is written into the decision record, so it is never empty."""

    because: str

    def __post_init__(self) -> None:
        _require_one_line(self.because)


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: the peer should try again (a 4.y.z status, RFC 3463 2)."""

    status: Status
    text: str

    def __post_init__(self) -> None:
        _require_class("4", self.status)
        _require_one_line(self.text)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not ever: trying again unchanged is useless (a 5.y.z status, RFC 3463 2)."""

    status: Status
    text: str

    def __post_init__(self) -> None:
        _require_class("5", self.status)
        _require_one_line(self.text)


Verdict = Accept | Defer | Refuse


def _require_class(digit: str, status: Status) -> None:
    if not status.text.startswith(digit):
        raise ValueError(f"this verdict needs a status {digit}.y.z, not {status}")


def _require_one_line(text: str) -> None:
    """A text is told to peers as it is: in ASCII (RFC 5321 4.2), and a line break in it would begin another reply."""
    if not (text and text.isascii() and text.isprintable()):
        raise ValueError(f"{text!r} is no single line of printable ASCII")
