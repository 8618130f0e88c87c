"""Header fields of many messages, looked through at once."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from posthouse.doors.imap.search_text import Needle, fold
from posthouse.message.words import decode_words

_NAME: Final = re.compile(rb"[!-9;-~]+")    # RFC 5322 2.2
# What follows a field's name, as message.headers reads it.
_VALUE: Final = re.compile(rb"[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)")


class SearchedFields:
    """The header sections of some messages, or fields taken from them. Messages are known by their place in the list.

    They are joined, so that a string that is rare costs one search; only fields where it may be are decoded, and each
    once for all keys.
    """

    __slots__ = ("_ends", "_folded", "_joined", "_lower", "_not_plain")

    def __init__(self, sections: Sequence[bytes]) -> None:
        self._joined = b"\n" + b"\n".join(sections)
        self._lower = self._joined.lower()
        self._ends = list(accumulate([len(section) + 1 for section in sections]))
        # Whether a string is in these cannot be seen before they are decoded.
        self._not_plain = [
            number for number, octets in enumerate(sections) if not octets.isascii() or b"=?" in octets
        ]
        self._folded: dict[tuple[int, bytes], list[str]] = {}

    def containing(self, lower_name: bytes, needle: Needle) -> list[int]:
        """The messages that have a field of that name whose text holds the string."""
        if _NAME.fullmatch(lower_name) is None:
            return []
        text = needle.text
        return [number for number in self._candidates(needle) if self._has(number, lower_name, text)]

    def first(self, number: int, lower_name: bytes) -> bytes | None:
        """The value of a message's first field of that name, without surrounding white space, folded as it is."""
        values = self._values(number, lower_name)
        return values[0] if values else None

    def _candidates(self, needle: Needle) -> Sequence[int]:
        """The messages that may hold a string anywhere, ascending."""
        if not needle.is_ascii:
            return self._not_plain
        if not needle.runs:
            return range(len(self._ends))
        found = set(self._not_plain)
        at = self._lower.find(needle.runs[0])
        while at >= 0:
            number = bisect_right(self._ends, at)
            found.add(number)
            at = self._lower.find(needle.runs[0], self._ends[number])
        return sorted(found)

    def _has(self, number: int, lower_name: bytes, text: str) -> bool:
        values = self._folded.get((number, lower_name))
        if values is None:
            raw = self._values(number, lower_name)
            values = self._folded[number, lower_name] = [fold(decode_words(value)) for value in raw]
        return any(text in value for value in values)

    def _values(self, number: int, lower_name: bytes) -> list[bytes]:
        """The values of a message's fields of a name, without surrounding white space."""
        start, end = self._ends[number - 1] if number else 0, self._ends[number]
        values = []
        line = b"\n" + lower_name
        at = self._lower.find(line, start, end)
        while at >= 0:
            found = _VALUE.match(self._joined, at + len(line), end)
            if found is not None:
                values.append(found[1].strip())
            at = self._lower.find(line, at + 1, end)
        return values
