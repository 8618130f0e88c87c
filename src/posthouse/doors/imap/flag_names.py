"""The bits of a placement as IMAP flags, and back: one table an account, its texts made once."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Final

from posthouse.database.database import Database
from posthouse.database.identifiers import AccountId
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
from posthouse.store.keywords import KEYWORDS_TOPIC, keyword_names

SYSTEM_BITS: Final[Mapping[Flag, int]] = {
    ANSWERED: placements.ANSWERED,
    DELETED: placements.DELETED,
    DRAFT: placements.DRAFT,
    FLAGGED: placements.FLAGGED,
    SEEN: placements.SEEN,
}
TEXTS_MAX: Final = 4096      # combinations of flags remembered; a mailbox uses a few dozen
ACCOUNTS_MAX: Final = 10_000  # remembered at once


class FlagNames:
    """What an account's bits are called. `keywords`: bit number to name (`store.keywords.keyword_names`)."""

    __slots__ = ("_keywords", "_texts")

    def __init__(self, keywords: Mapping[int, str]) -> None:
        self._keywords = keywords
        self._texts: dict[tuple[int, bool], bytes] = {}

    def all(self) -> list[Flag]:
        """Every flag that the account knows, system flags first."""
        return [*SYSTEM_FLAGS, *(Flag(name) for _, name in sorted(self._keywords.items()))]

    @property
    def can_grow(self) -> bool:
        """Whether the account can be given keywords that it does not have."""
        return len(self._keywords) < placements.KEYWORDS_MAX

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


class Keywords:
    """The flag names of the accounts that have sessions; made anew for an account that was given a keyword."""

    __slots__ = ("_database", "_names")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: dict[AccountId, FlagNames] = {}
        database.listen(self._committed)

    def of(self, account_id: AccountId) -> FlagNames:
        """What the account's bits are called now; another object whenever that has changed. Raises DatabaseError."""
        known = self._names.get(account_id)
        if known is None:
            if len(self._names) >= ACCOUNTS_MAX:
                self._names.clear()
            found = self._database.read(lambda tx: keyword_names(tx, account_id))
            known = self._names[account_id] = FlagNames(found)
        return known

    def _committed(self, topics: set[Hashable]) -> None:
        for topic in topics:
            match topic:
                case (str(kind), int(account_id)) if kind == KEYWORDS_TOPIC:
                    self._names.pop(AccountId(account_id), None)


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
