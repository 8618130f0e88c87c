"""Views: a message as someone sees it, over stored octets that never change (DESIGN 1, promise 2).

A view is a list of pieces, each a literal or a range of the stored octets. Pieces touch the top header section alone;
the last is the whole body, so that offsets within the body hold in every view. ``read`` is the one way to a message.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Self

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder

from posthouse.message.headers import HeaderSection

SEPARATOR: Final = b"\r\n"    # the empty line between header section and body (RFC 5322 2.1)


FEW: Final = 8    # runs that are not worth a search


class Range(NamedTuple):
    """A run of octets: where it begins and how long it is."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length


Piece = bytes | Range
Source = Callable[[int, int], bytes]
"""Reads stored octets: ``source(offset, length)``."""


class View(Struct, frozen=True, array_like=True):
    """What one reader sees of stored octets. ``header_octets`` and ``size_octets`` are the view's own sizes."""

    pieces: tuple[Piece, ...]
    header_octets: int    # the empty line included; the body begins here
    size_octets: int

    @classmethod
    def whole(cls, blob_octets: int, header_octets: int) -> Self:
        """See everything as it is stored."""
        body = Range(header_octets, blob_octets - header_octets)
        return cls((Range(0, header_octets), body), header_octets, blob_octets)

    @classmethod
    def separated(cls, section: HeaderSection, blob_octets: int) -> Self:
        """See everything, and an empty line where the stored message has none between its fields and its text.

        What is delivered needs it: fields put before a message that begins with its text would swallow that text.
        """
        view = cls.whole(blob_octets, section.end)
        if section.is_closed or section.end == blob_octets:
            return view
        header, body = view.pieces
        return cls((header, SEPARATOR, body), section.end + len(SEPARATOR), blob_octets + len(SEPARATOR))

    @property
    def body(self) -> Range:
        """The body in the stored octets."""
        body = self.pieces[-1]
        if isinstance(body, bytes):
            raise ValueError("a view ends with a range of the stored octets")
        return body

    def with_prefix(self, literal: bytes) -> "View":
        """The same view with fields put before it, each with its line end."""
        if not literal:
            return self
        first = self.pieces[0]
        rest: tuple[Piece, ...] = (literal, *self.pieces)
        if isinstance(first, bytes):
            rest = (literal + first, *self.pieces[1:])
        return View(rest, self.header_octets + len(literal), self.size_octets + len(literal))

    def without(self, start: int, end: int) -> "View":
        """The same view with stored octets of the header section left out.

        Raises ValueError when they lie in the body, which every view shows whole.
        """
        return self.without_all([Range(start, end - start)])

    def without_all(self, omitted: Sequence[Range]) -> "View":
        """The same with several runs left out, ascending and disjoint; linear in their number. Raises ValueError."""
        if not omitted:
            return self
        body = self.body
        if omitted[0].offset < 0 or omitted[-1].end > body.offset or any(run.length < 0 for run in omitted):
            raise ValueError(f"octets {omitted[0].offset} to {omitted[-1].end} do not lie in the header section")
        kept: list[Piece] = []
        for piece in self.pieces[:-1]:
            if isinstance(piece, bytes):
                kept.append(piece)
            else:
                kept += _outside(piece, omitted)
        gone = self.header_octets - sum(map(_length, kept))
        return View((*kept, body), self.header_octets - gone, self.size_octets - gone)

    def encode(self) -> bytes:
        """A compact form for storing (MessagePack): the pieces, a range as a pair, and the two sizes."""
        return _encode(self)

    @staticmethod
    def decode(encoded: bytes) -> "View":
        """Read what ``encode`` wrote. Raises ValueError on anything else."""
        try:
            view = _decode(encoded)
        except MsgspecError as error:
            raise ValueError(f"an encoded view cannot be read: {error}") from error
        if not view.pieces or isinstance(view.pieces[-1], bytes):
            raise ValueError("an encoded view ends with the body's range")
        return view


_encode: Final = Encoder().encode
_decode: Final = Decoder(View).decode


def read(view: View, first: int, length: int, source: Source) -> bytes:
    """Read ``length`` octets of a view from its octet ``first`` on; fewer, or none, where it ends before.

    Neighbouring ranges are read at once: a whole view costs one call of ``source``.
    """
    found: list[bytes] = []
    waiting = _NOTHING
    is_whole = first == 0 and length >= view.size_octets
    for piece in view.pieces if is_whole else _cut_out(view.pieces, first, first + length):
        if isinstance(piece, bytes):
            _flush(waiting, source, found)
            waiting = _NOTHING
            found.append(piece)
        elif waiting.length and waiting.end == piece.offset:
            waiting = Range(waiting.offset, waiting.length + piece.length)
        else:
            _flush(waiting, source, found)
            waiting = piece
    _flush(waiting, source, found)
    return found[0] if len(found) == 1 else b"".join(found)


def read_all(view: View, stored: bytes) -> bytes:
    """The whole of a view whose stored octets are at hand."""
    return b"".join([
        piece if isinstance(piece, bytes) else stored[piece.offset:piece.offset + piece.length] for piece in view.pieces
    ])  # fmt: skip


_NOTHING: Final = Range(0, 0)


def _flush(waiting: Range, source: Source, found: list[bytes]) -> None:
    if waiting.length:
        found.append(source(waiting.offset, waiting.length))


def _cut_out(pieces: tuple[Piece, ...], first: int, end: int) -> Iterator[Piece]:
    """The pieces between two octets of the view, the outer ones cut to fit; empty ones are left out."""
    start = 0
    for piece in pieces:
        length = _length(piece)
        skipped = max(first - start, 0)
        taken = min(end - start, length)
        if skipped < taken:
            yield piece[skipped:taken] if isinstance(piece, bytes) else Range(piece.offset + skipped, taken - skipped)
        start += length
        if start >= end:
            return


def _outside(piece: Range, omitted: Sequence[Range]) -> list[Range]:
    """What of a range of stored octets lies outside ascending runs of them."""
    outside: list[Range] = []
    at, end = piece.offset, piece.end
    for index in range(bisect_right(omitted, at, key=_end) if len(omitted) > FEW else 0, len(omitted)):
        start, length = omitted[index]
        if start >= end:
            break
        if length and start + length > at:
            if start > at:
                outside.append(Range(at, start - at))
            at = start + length
    if at < end:
        outside.append(Range(at, end - at))
    return outside


def _end(run: Range) -> int:
    return run.end


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.length
