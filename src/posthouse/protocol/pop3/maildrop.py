"""A maildrop as one session sees it: message numbers, sizes, unique-ids and deletion marks (RFC 1939 3, 5, 7).

Fixed at login: what arrives later is seen by the next session, and no number ever changes.
"""

from collections.abc import Iterator, Sequence
from typing import Final

_PAGE_LINES: Final = 1_000    # about 16 KiB: what is made at once while a listing is written


class Maildrop:
    """Messages numbered from 1, in the order of their UIDs; deletion marks are kept here until QUIT."""

    __slots__ = ("_marked", "_octets_marked", "_octets_total", "_sizes_octets", "_uid_validity", "_uids")

    def __init__(self, uid_validity: int, uids: Sequence[int], sizes_octets: Sequence[int]) -> None:
        """Raises ValueError when there is not one size for each UID."""
        if len(uids) != len(sizes_octets):
            raise ValueError(f"{len(uids)} UIDs, but {len(sizes_octets)} sizes")
        self._uid_validity = uid_validity
        self._uids = uids
        self._sizes_octets = sizes_octets
        self._octets_total = sum(sizes_octets)
        self._octets_marked = 0
        self._marked: set[int] = set()

    @property
    def messages(self) -> int:
        """How many there are, those marked as deleted not counted (RFC 1939 5 STAT)."""
        return len(self._uids) - len(self._marked)

    @property
    def octets(self) -> int:
        """Their size together, those marked as deleted not counted."""
        return self._octets_total - self._octets_marked

    def has(self, number: int) -> bool:
        """Whether a message of that number exists and is not marked as deleted."""
        return 1 <= number <= len(self._uids) and number not in self._marked

    def uid(self, number: int) -> int:
        return self._uids[number - 1]

    def size_octets(self, number: int) -> int:
        return self._sizes_octets[number - 1]

    def unique_id(self, number: int) -> bytes:
        """UIDVALIDITY and UID: never used for another message (RFC 3501 2.3.1.1), so stable for ever (RFC 1939 7)."""
        return b"%d.%d" % (self._uid_validity, self._uids[number - 1])

    def mark(self, number: int) -> None:
        """Mark a message, which ``has``, as deleted."""
        self._marked.add(number)
        self._octets_marked += self._sizes_octets[number - 1]

    def unmark_all(self) -> None:
        self._marked.clear()
        self._octets_marked = 0

    def marked_uids(self) -> tuple[int, ...]:
        """The UIDs of the messages marked as deleted, ascending."""
        return tuple(self._uids[number - 1] for number in sorted(self._marked))

    def scan_listings(self) -> Iterator[bytes]:
        """The lines of LIST in pages: number and size."""
        for first, last in self._pages():
            sizes = self._sizes_octets[first - 1 : last]
            pairs = zip(range(first, last + 1), sizes, strict=True)
            yield b"".join([b"%d %d\r\n" % pair for pair in pairs if pair[0] not in self._marked])

    def unique_id_listings(self) -> Iterator[bytes]:
        """The lines of UIDL in pages: number and unique-id."""
        form = b"%%d %d.%%d\r\n" % self._uid_validity
        for first, last in self._pages():
            uids = self._uids[first - 1 : last]
            pairs = zip(range(first, last + 1), uids, strict=True)
            yield b"".join([form % pair for pair in pairs if pair[0] not in self._marked])

    def _pages(self) -> Iterator[tuple[int, int]]:
        total = len(self._uids)
        for first in range(1, total + 1, _PAGE_LINES):
            yield first, min(first + _PAGE_LINES - 1, total)
