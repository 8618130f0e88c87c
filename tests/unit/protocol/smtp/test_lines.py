"""Command lines as they are cut from what arrives (RFC 5321 2.3.8, 4.5.3.1.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.smtp.toy_door import split_at
from posthouse.protocol.smtp.errors import LocalProtocolError
from posthouse.protocol.smtp.lines import LineFault, Unread
from posthouse.protocol.smtp.settings import AUTH_OCTETS_MAX, SKIPPED_OCTETS_MAX, UNREAD_OCTETS_MAX, BareNewline


def lines_of(pieces: list[bytes], newline: BareNewline = BareNewline.REFUSE) -> list[bytes | LineFault]:
    """All lines, taken as soon as they can be."""
    unread, lines = Unread(newline), []
    for piece in pieces:
        unread.append(piece)
        while (line := unread.take_line()) is not None:
            lines.append(line)
    return lines


PARTS = st.lists(st.sampled_from([b"NOOP", b"\r\n", b"\n", b"\r", b" ", b"\0"]), max_size=30)


@given(PARTS, st.sets(st.integers(0, 90)))
def test_lines_are_the_same_however_they_arrive(parts: list[bytes], borders: set[int]) -> None:
    """The model: split at each LF; a CR before it makes it a line end, none makes it a fault."""
    stream = b"".join(parts)
    ended = stream.split(b"\n")[:-1]
    strict = [line[:-1] if line.endswith(b"\r") else LineFault.BARE_NEWLINE for line in ended]
    lenient = [line.removesuffix(b"\r") for line in ended]
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))], split_at(stream, borders)):
        assert lines_of(list(pieces)) == strict
        assert lines_of(list(pieces), BareNewline.NORMALIZE) == lenient


@pytest.mark.parametrize(("octets", "fits"), [(AUTH_OCTETS_MAX, True), (AUTH_OCTETS_MAX + 1, False), (100_000, False)])
def test_the_longest_line_is_the_longest_of_all_commands(octets: int, fits: bool) -> None:
    """RFC 4954 4: 12,288 octets with the line end."""
    line = b"x" * (octets - 2)
    stream = line + b"\r\nNOOP\r\n"
    end = len(stream)
    for pieces in ([stream], split_at(stream, range(0, end, 7)), split_at(stream, range(len(line) - 3, end))):
        assert lines_of(pieces) == [line if fits else LineFault.TOO_LONG, b"NOOP"]


def test_an_overlong_line_is_not_kept_in_memory() -> None:
    """10 MB without a line end are thrown away as they come."""
    unread = Unread(BareNewline.REFUSE)
    for _ in range(160):
        unread.append(b"x" * 65_536)
        assert unread.take_line() is None
        assert unread.octets == 0
    unread.append(b"\r\nNOOP\r\n")
    assert unread.take_line() is LineFault.TOO_LONG
    assert unread.take_line() == b"NOOP"


def test_an_endless_line_is_given_up() -> None:
    unread = Unread(BareNewline.REFUSE)
    for _ in range(SKIPPED_OCTETS_MAX // 65_536):
        unread.append(b"x" * 65_536)
        assert unread.take_line() is None
    unread.append(b"x")
    assert unread.take_line() is LineFault.ENDLESS


def test_the_last_piece_of_an_endless_line_gives_it_up_too() -> None:
    unread = Unread(BareNewline.REFUSE)
    unread.append(b"x" * SKIPPED_OCTETS_MAX)
    assert unread.take_line() is None
    unread.append(b"x\r\n")
    assert unread.take_line() is LineFault.ENDLESS


def test_octets_are_peeked_at_in_order_and_skipped() -> None:
    unread = Unread(BareNewline.REFUSE)
    for piece in (b"abcdef", b"ghi", b"jkl"):
        unread.append(piece)
    assert unread.octets == 12
    assert unread.peek(4) == b"abcd"
    unread.skip(3)
    assert unread.peek(100) == b"def"
    unread.skip(3)
    assert unread.peek(100) == b"ghijkl"
    unread.skip(6)
    assert unread.peek(100) == b""
    assert unread.octets == 0


def test_a_door_that_never_stops_receiving_is_told() -> None:
    """What piles up while an answer is awaited has a limit."""
    unread = Unread(BareNewline.REFUSE)
    unread.append(b"x")
    for _ in range(UNREAD_OCTETS_MAX // 65_536):
        unread.append(b"x" * 65_536)
    with pytest.raises(LocalProtocolError):
        unread.append(b"x")


def test_clearing_forgets_everything() -> None:
    unread = Unread(BareNewline.REFUSE)
    unread.append(b"NOOP")
    unread.append(b" more\r\n")
    unread.clear()
    assert unread.octets == 0
    assert unread.take_line() is None
