"""Delimiter lines of a multipart (RFC 2046 5.1.1): found by search in C, in linear time whatever the content."""

import re
from typing import Final, NamedTuple

from posthouse.message.headers import Octets

# Lines that begin with a delimiter but go on with other text, before the search is left to a compiled pattern.
_FALSE_DELIMITERS_MAX: Final = 100

# Behind "--boundary": the closing mark, transport padding, the line's end. Only a whole line counts, so that a boundary
# that begins with another one is not taken for it.
_DELIMITER_REST: Final = rb"(--)?[ \t]*+\r?(?:\n|\Z)"
_REST: Final = re.compile(_DELIMITER_REST)


class Delimiter(NamedTuple):
    start: int    # of the line end before it, which belongs to it
    end: int    # behind its own line end
    closes: bool


class Delimiters:
    """Finds one boundary's delimiter lines within one multipart's body."""

    __slots__ = ("end", "false_left", "needle", "octets", "pattern")

    def __init__(self, octets: Octets, boundary: bytes, end: int) -> None:
        self.octets = octets
        self.needle = b"\n--" + boundary
        self.end = end
        self.false_left = _FALSE_DELIMITERS_MAX
        self.pattern: re.Pattern[bytes] | None = None    # compiling costs more than most messages

    def after(self, position: int) -> Delimiter | None:
        """The next delimiter whose preceding line end lies at or behind a position."""
        while self.false_left:
            at = self.octets.find(self.needle, position, self.end)
            if at < 0:
                return None
            if rest := _REST.match(self.octets, at + len(self.needle), self.end):
                return self.delimiter(at, rest)
            self.false_left -= 1
            position = at + 1
        if self.pattern is None:
            self.pattern = re.compile(re.escape(self.needle) + _DELIMITER_REST)
        found = self.pattern.search(self.octets, position, self.end)
        return self.delimiter(found.start(), found) if found else None

    def delimiter(self, at: int, rest: re.Match[bytes]) -> Delimiter:
        start = at - 1 if self.octets[at - 1 : at] == b"\r" else at
        return Delimiter(start, rest.end(), rest[1] is not None)
