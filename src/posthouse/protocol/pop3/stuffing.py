"""A message as a multi-line response (RFC 1939 3): octets in pieces in, octets in pieces out, all scanning in C."""

from collections.abc import Iterable, Iterator
from typing import Final

END: Final = b".\r\n"


def stuff(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The message byte-stuffed, with the terminating ``.`` line; each piece is drawn only when it is asked for.

    A dot after *any* LF is doubled: a stored message may hold a bare LF, and a client that takes it for a line's end
    must not find the end of the response there. Only a missing final CRLF is added; all else goes out as it is.
    """
    tail = b"\r\n"    # the last two octets so far: a message begins at the start of a line
    for chunk in chunks:
        if chunk.startswith(b".") and tail.endswith(b"\n"):
            yield b"."
        yield chunk.replace(b"\n.", b"\n..")
        tail = chunk[-2:] if len(chunk) > 1 else (tail + chunk)[-2:]
    yield END if tail == b"\r\n" else b"\r\n" + END


def first_lines(chunks: Iterable[bytes], header_octets: int, body_lines: int) -> Iterator[bytes]:
    """The header section and the first lines of the body (RFC 1939 7 TOP); no piece is drawn beyond them."""
    header_left, lines_left = header_octets, body_lines
    for chunk in chunks:
        body = chunk[header_left:]
        header_left = max(header_left - len(chunk), 0)
        if header_left == 0 and body.count(b"\n") >= lines_left:
            after = body.split(b"\n", lines_left)[-1]
            yield chunk[: len(chunk) - len(after)]
            return
        lines_left -= body.count(b"\n")
        yield chunk
