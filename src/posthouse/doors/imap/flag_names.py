"""The bits of a placement as IMAP flags, and back: one table an account, its texts made once."""

from collections.abc import Iterable, Mapping
from typing import Final

from posthouse.protocol.imap.flags import (
    ANSWERED,
    DELETED,
    DRAFT,
    FLAGGED,
    RECENT,
    SEEN,
    SYSTEM_FLAGS,
    Flag,
    encode_flags,
)
from posthouse.store import placements

SYSTEM_BITS: Final[Mapping[Flag, int]] = {
    ANSWERED: placements.ANSWERED,
    DELETED: placements.DELETED,
    DRAFT: placements.DRAFT,
    FLAGGED: placements.FLAGGED,
    SEEN: placements.SEEN,
}
TEXTS_MAX: Final = 4096      # combinations of flags remembered; a mailbox uses a few dozen


class FlagNames:
    """What an account's bits are called. `keywords`: bit number to name (`store.keywords.keyword_names`)."""

    __slots__ = ("_keywords", "_texts")

    def __init__(self, keywords: Mapping[int, str]) -> None:
        self._keywords = keywords
        self._texts: dict[tuple[int, bool], bytes] = {}

    def all(self) -> list[Flag]:
        """Every flag that the account knows, system flags first."""
        return [*SYSTEM_FLAGS, *(Flag(name) for _, name in sorted(self._keywords.items()))]

    def text(self, bits: int, is_recent: bool) -> bytes:
        """A message's flags as FETCH tells them, parentheses included."""
        known = self._texts.get((bits, is_recent))
        if known is None:
            if len(self._texts) >= TEXTS_MAX:
                self._texts.clear()
            known = self._texts[bits, is_recent] = encode_flags(self._named(bits, is_recent))
        return known

    def _named(self, bits: int, is_recent: bool) -> Iterable[Flag]:
        if is_recent:
            yield RECENT
        for flag, bit in SYSTEM_BITS.items():
            if bits & bit:
                yield flag
        for number, name in sorted(self._keywords.items()):
            if bits >> number & 1:
                yield Flag(name)


def system_bits(flags: Iterable[Flag]) -> tuple[int, tuple[str, ...]]:
    """The bits of the system flags among some, and the keywords that are left."""
    bits = 0
    keywords = []
    for flag in flags:
        bit = SYSTEM_BITS.get(flag)
        if bit is None:
            keywords.append(str(flag))
        else:
            bits |= bit
    return bits, tuple(keywords)
