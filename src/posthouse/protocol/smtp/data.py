"""The content of DATA (RFC 5321 4.1.1.4, 4.5.2): where it ends, what stuffing hid, and what may not stand in it.

Only CRLF "." CRLF ends it: servers that also took a bare LF let a second message be smuggled in (CVE-2023-51764 and
its kin). Octets pass as chunks and are looked at by C code alone; at a chunk's border at most four of them are held
back, those that may begin the end.
"""

from enum import Enum, auto
from io import IncrementalNewlineDecoder
from typing import Final

from posthouse.protocol.smtp.settings import CHUNK_OCTETS_MAX, FAR_TOO_LARGE_FACTOR, BareNewline

TERMINATOR: Final = b"\r\n.\r\n"
_BEGINNINGS: Final = tuple(TERMINATOR[:length] for length in (4, 3, 2, 1))

_STEPS: Final = {    # what was held back comes on top, and making CRLF of bare newlines may double it
    BareNewline.REFUSE: CHUNK_OCTETS_MAX - len(TERMINATOR),
    BareNewline.NORMALIZE: CHUNK_OCTETS_MAX // 2 - len(TERMINATOR),
}


class ContentFault(Enum):
    """Why a message's content is refused. The first that applies is the one reported, however the octets came."""

    FAR_TOO_LARGE = auto()    # beyond twice the limit; reported at once
    TOO_LARGE = auto()
    NUL = auto()
    BARE_CARRIAGE_RETURN = auto()
    BARE_LINE_FEED = auto()


class ContentReader:
    """Reads the content of one message. The line end before the terminator belongs to the message."""

    __slots__ = (
        "_bare_newline", "_foreign_octets", "_has_nul", "_held", "_line_ends", "_size_max", "has_ended", "size_octets",
        "step_octets",
    )

    def __init__(self, size_octets_max: int, bare_newline: BareNewline) -> None:
        self.size_octets = 0
        """What the message counts so far (RFC 1870 5: without stuffing and terminator)."""
        self.has_ended = False
        self.step_octets = _STEPS[bare_newline]
        """How much to read at a time, so that no chunk is longer than CHUNK_OCTETS_MAX."""
        self._size_max = size_octets_max
        self._bare_newline = bare_newline
        self._has_nul = False
        # The CRLF of the DATA command is the first half of a terminator (RFC 5321 4.1.1.4), but no part of the message.
        self._held = b"\r\n"
        self._foreign_octets = 2
        # It notes which kinds of line end it has met, five times faster than counting them (no I/O in it).
        self._line_ends = IncrementalNewlineDecoder(None, translate=False)

    @property
    def fault(self) -> ContentFault | None:
        """What is wrong with the content seen so far."""
        if self.size_octets > self._size_max:
            is_far = self.size_octets > self._size_max * FAR_TOO_LARGE_FACTOR
            return ContentFault.FAR_TOO_LARGE if is_far else ContentFault.TOO_LARGE
        if self._has_nul:
            return ContentFault.NUL
        ends = self._line_ends.newlines
        if ends is None or ends == "\r\n" or self._bare_newline is BareNewline.NORMALIZE:
            return None
        return ContentFault.BARE_CARRIAGE_RETURN if "\r" in ends else ContentFault.BARE_LINE_FEED

    def read(self, octets: bytes) -> tuple[bytes, int]:
        """Take the next octets of the stream: content ready to be kept, and how many of the octets were used.

        All are used unless the message ends within them. No content is given any more once there is a fault.
        """
        raw = self._held + octets
        dot = raw.find(b"\r\n.")    # mostly the only one is the terminator's, so this search replaces two dearer ones
        end = raw.find(TERMINATOR, dot) if dot >= 0 else -1
        if end >= 0:
            self.has_ended = True
            used = end + len(TERMINATOR) - len(self._held)
            border = end + 2
        else:
            used = len(octets)
            border = len(raw) - _undecided_octets(raw)
            self._held = raw[border:]
        content = raw[:border]
        if 0 <= dot < border - 2:
            content = content.replace(b"\r\n.", b"\r\n")
        if self._foreign_octets and border:
            content = content[self._foreign_octets :]
            self._foreign_octets = 0
        return self._examine(content) if content else content, used

    def _examine(self, content: bytes) -> bytes:
        """Note the faults and the size of the next content; give it as it is to be kept, nothing when faulty."""
        if b"\0" in content:
            self._has_nul = True
        # Latin-1 is one character an octet, whatever it means. Final: a CR that ends a chunk is bare, for no border
        # cuts a CRLF in two.
        self._line_ends.decode(content.decode("latin-1"), final=True)
        if self._bare_newline is BareNewline.NORMALIZE and self._line_ends.newlines not in (None, "\r\n"):
            content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        self.size_octets += len(content)
        return content if self.fault is None else b""


def _undecided_octets(raw: bytes) -> int:
    """How many octets at the end may be the beginning of a terminator."""
    for beginning in _BEGINNINGS:
        if raw.endswith(beginning):
            return len(beginning)
    return 0
