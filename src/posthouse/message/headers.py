"""Header sections (RFC 5322 2.1, 2.2) by offsets: which fields stand where, and where the body begins.

Total and linear: no octets are an error. What is no field is kept as junk, so that the pieces add up to the whole.
"""

import re
from collections.abc import Container
from mmap import mmap
from typing import Final, NamedTuple, Self

Octets = bytes | mmap
"""Stored octets: in memory, or mapped from a file that spilled."""

# Lines read as fields; the rest stays one piece of junk. A line costs about 300 octets while a message is parsed, and
# 1 MiB of header section, Exim's header_maxsize, holds about 20,000 lines of usual length.
FIELD_LINES_MAX: Final = 20_000

# One field with its folded lines, or one line that is none. Optional white space before the colon: RFC 5322 4.5.
_PIECE: Final = re.compile(rb"([!-9;-~]++)([ \t]*+:)([^\n]*+(?:\n[ \t][^\n]*+)*+\n?)|([^\n]*+\n|[^\n]++)")
_EMPTY_FIRST_LINE: Final = re.compile(rb"\r?\n")
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")
_FIRST_LINES: Final = re.compile(rb"(?:[^\n]*+\n){%d}" % FIELD_LINES_MAX)
_LINE_FEED: Final = 10

_Piece = tuple[bytes, bytes, bytes, bytes]    # name, white space and colon, value with its line end; or junk


class Field(NamedTuple):
    """One header field; offsets count from the start of the octets that were parsed. Junk has an empty name."""

    name: bytes
    lower: bytes
    start: int
    end: int    # behind the line end
    value_start: int    # behind the colon
    value_end: int    # before the last line end


class HeaderSection:
    """A parsed header section. Never changed after ``parse``; what is rarely needed is worked out when asked for."""

    __slots__ = ("_by_name", "_fields", "_pieces", "end", "octets", "start")

    start: int
    """Where it begins."""
    end: int
    """Where the body begins: behind the empty line, or where the octets end."""
    octets: bytes
    """The fields as they are, without the empty line."""

    def __init__(self, octets: bytes, pieces: list[_Piece], start: int, end: int) -> None:
        self.octets = octets
        self.start = start
        self.end = end
        self._pieces = pieces
        self._by_name = _index(pieces)
        self._fields: tuple[Field, ...] | None = None

    @classmethod
    def parse(cls, octets: Octets, start: int = 0, stop: int | None = None) -> Self:
        """Read the header section that begins at ``start``; it and its body end at ``stop`` (all when None).

        It ends at the empty line; or, so that no text is lost in it, before lines that are no fields and that no field
        follows. A line like a MIME delimiter always ends it, any that is no field when there is no empty line.
        """
        stop = len(octets) if stop is None else stop
        if empty := _EMPTY_FIRST_LINE.match(octets, start, stop):
            return cls(b"", [], start, empty.end())
        gap = _EMPTY_LINE.search(octets, start, stop)
        header = octets[start : gap.start() + 1 if gap else stop]
        pieces = _cut(header)
        section = cls(header, pieces, start, gap.end() if gap else stop)
        if b"" not in section._by_name:
            return section
        kept = _without_text(pieces, has_empty_line=gap is not None)
        if len(kept) == len(pieces):
            return section
        length = sum(len(piece) for pieces in kept for piece in pieces)
        return cls(header[:length], kept, start, start + length)

    @property
    def is_closed(self) -> bool:
        """Whether the empty line is there. Without it nothing may be put before the body but through a new one."""
        return self.end > self.start + len(self.octets)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field and every line of junk, in order; together they tile the section."""
        if self._fields is None:
            self._fields = tuple(self._locate())
        return self._fields

    def values(self, lower_name: bytes) -> list[bytes]:
        """The values of all fields of a name, first to last, without surrounding white space, folded as they are."""
        found = self._by_name.get(lower_name)
        return [value.strip() for value in found] if found else []

    def first(self, lower_name: bytes) -> bytes | None:
        """The value of the first field of a name, as in ``values``; None without one."""
        found = self._by_name.get(lower_name)
        return found[0].strip() if found else None

    def count(self, lower_name: bytes) -> int:
        """How many fields of a name there are."""
        return len(self._by_name.get(lower_name, ()))

    def names(self) -> frozenset[bytes]:
        """The lower-case names of all fields; the empty one stands for junk."""
        return frozenset(self._by_name)

    def has_any(self, lower_names: frozenset[bytes]) -> bool:
        """Whether there is a field of any of these names."""
        return not lower_names.isdisjoint(self._by_name)

    @property
    def pieces_count(self) -> int:
        """How many fields and lines of junk there are."""
        return len(self._pieces)

    def select(self, lower_names: Container[bytes]) -> list[tuple[bytes, bytes]]:
        """The fields of these names, in order: the name in lower case, and the whole field raw."""
        return [(lower, b"".join(piece)) for piece in self._pieces if (lower := piece[0].lower()) in lower_names]

    def ranges(self, lower_names: frozenset[bytes]) -> list[tuple[int, int, bytes, bytes]]:
        """Where the fields of these names stand: start, end, lower-case name and value, in order.

        Cheaper than `fields` where few are wanted: it looks no further than the last of them.
        """
        found: list[tuple[int, int, bytes, bytes]] = []
        left = sum(map(self.count, lower_names))
        start = self.start
        for name, colon, value, junk in self._pieces if left else ():
            end = start + len(name) + len(colon) + len(value) + len(junk)
            if (lower := name.lower()) in lower_names:
                found.append((start, end, lower, value))
                left -= 1
                if not left:
                    break
            start = end
        return found

    def _locate(self) -> list[Field]:
        fields = []
        start = self.start
        for name, colon, value, junk in self._pieces:
            last = value or junk
            value_start = start + len(name) + len(colon)
            end = value_start + len(last)
            line_end = 2 if last.endswith(b"\r\n") else last.endswith(b"\n")
            fields.append(Field(name, name.lower(), start, end, value_start, end - line_end))
            start = end
        return fields


def unfold(value: bytes) -> bytes:
    """Undo folding (RFC 5322 2.2.3): the line ends go, the white space behind them stays."""
    return value.replace(b"\r\n", b"").replace(b"\n", b"") if b"\n" in value else value


def select_fields(raw_header: bytes, lower_names: frozenset[bytes], *, exclude: bool) -> bytes:
    """What BODY[HEADER.FIELDS (names)] or, with ``exclude``, .NOT asks of a raw header section (RFC 3501 6.4.5).

    The empty line that ends it is always there, even where the header section has none.
    """
    section = HeaderSection.parse(close_fields(raw_header))    # where it ends was found before: nothing in it is text
    names = section.names() - lower_names if exclude else lower_names
    return close_fields(b"".join([field for _, field in section.select(names)]))


def close_fields(fields: bytes) -> bytes:
    """Put the empty line behind fields that were selected, and a line end before it where the last has none."""
    return fields + (b"\r\n" if not fields or fields[-1] == _LINE_FEED else b"\r\n\r\n")


def _cut(header: bytes) -> list[_Piece]:
    """Cut a header section into pieces that tile it, at most FIELD_LINES_MAX lines finely."""
    if header.count(b"\n") <= FIELD_LINES_MAX:
        return _PIECE.findall(header)
    within = _FIRST_LINES.match(header)
    end = within.end() if within else 0
    return [*_PIECE.findall(header, 0, end), (b"", b"", b"", header[end:])]


def _index(pieces: list[_Piece]) -> dict[bytes, list[bytes]]:
    by_name: dict[bytes, list[bytes]] = {}
    for name, _, value, _ in pieces:
        lower = name.lower()
        if lower in by_name:
            by_name[lower].append(value)
        else:
            by_name[lower] = [value]
    return by_name


def _without_text(pieces: list[_Piece], *, has_empty_line: bool) -> list[_Piece]:
    """Leave out the junk that is the body's text rather than a damaged field, and all behind it."""
    for number, (name, _, _, junk) in enumerate(pieces):
        if not name and (not has_empty_line or junk.startswith(b"--")):
            return pieces[:number]
    if pieces[-1][3].count(b"\n") > 1:    # the rest beyond FIELD_LINES_MAX: nobody looked what it is
        return pieces
    end = len(pieces)
    while end and not pieces[end - 1][0]:
        end -= 1
    return pieces[:end]
