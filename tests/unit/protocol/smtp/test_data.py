"""Where a message ends, what dot-stuffing hid, and what may not stand in it (RFC 5321 4.1.1.4, 4.5.2, 2.3.8)."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.smtp.toy_door import split_at
from posthouse.protocol.smtp.data import TERMINATOR, ContentFault, ContentReader
from posthouse.protocol.smtp.settings import CHUNK_OCTETS_MAX, BareNewline

BEHIND = b"MAIL FROM:<next@client.example>\r\n"
# Octets that make trouble, with some that do not.
AWKWARD = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"\r\n.", b"\0", b"a", b"text", b"\xff"]), max_size=25
)
LINES = st.lists(st.lists(st.sampled_from([b".", b"..", b"a", b"word ", b"\xff", b"\0"]), max_size=4), max_size=12)


def stuff(message: bytes) -> bytes:
    """What a client makes of a message of CRLF lines, line by line as RFC 5321 4.5.2 says it."""
    lines = message.split(b"\r\n")[:-1]
    return b"".join((b"." + line if line[:1] == b"." else line) + b"\r\n" for line in lines) + b".\r\n"


def walk(stream: bytes) -> tuple[bytes, set[ContentFault], int] | None:
    """The independent model: one octet after the other, as RFC 5321 4.5.2 tells it; None when there is no end.

    A line begins behind CR LF alone. Gives the content, all faults in it, and how many octets the message took.
    """
    content = bytearray()
    faults: set[ContentFault] = set()
    at_line_start, position = True, 0
    while position < len(stream):
        if at_line_start and stream[position] == 0x2E:
            if stream[position + 1 : position + 3] == b"\r\n":
                return bytes(content), faults, position + 3
            position += 1
            at_line_start = False
            continue
        octet, at_line_start = stream[position], False
        if octet == 0:
            faults.add(ContentFault.NUL)
        if octet == 0x0A:
            faults.add(ContentFault.BARE_LINE_FEED)
        if octet == 0x0D:
            if stream[position + 1 : position + 2] == b"\n":
                content += b"\r\n"
                position, at_line_start = position + 2, True
                continue
            faults.add(ContentFault.BARE_CARRIAGE_RETURN)
        content.append(octet)
        position += 1
    return None


def read(
    pieces: list[bytes], size_max: int = 10**9, newline: BareNewline = BareNewline.REFUSE
) -> tuple[bytes, ContentReader, bytes]:
    """Feed pieces until the end: the content given, the reader, and what is left of the stream."""
    reader = ContentReader(size_max, newline)
    content = b""
    while pieces and not reader.has_ended:
        piece = pieces.pop(0)
        chunk, used = reader.read(piece)
        content += chunk
        assert 0 <= used <= len(piece)
        if used < len(piece):
            assert reader.has_ended
            pieces.insert(0, piece[used:])
    return content, reader, b"".join(pieces)


def octet_by_octet(stream: bytes) -> list[bytes]:
    return [stream[i : i + 1] for i in range(len(stream))]


@given(LINES, st.sets(st.integers(0, 200)))
def test_what_a_client_stuffed_comes_back(lines: list[list[bytes]], borders: set[int]) -> None:
    """RFC 5321 4.5.2: the client doubles a leading dot, the server takes one away; however the stream is cut."""
    message = b"".join(b"".join(line) + b"\r\n" for line in lines)
    content, reader, rest = read(split_at(stuff(message) + BEHIND, borders))
    assert reader.has_ended
    assert rest == BEHIND
    assert reader.size_octets == len(message)
    if b"\0" not in message:
        assert content == message
        assert reader.fault is None


@given(AWKWARD, st.sets(st.integers(0, 100)))
@example([], set())
@example([b".", b"\r\n", b"."], {1, 2, 3})
def test_any_octets_cut_anyhow_mean_what_they_mean_octet_by_octet(parts: list[bytes], borders: set[int]) -> None:
    """RFC 5321 4.1.1.4: only CRLF "." CRLF ends the content, and the CRLF of DATA's own line may begin it."""
    stream = b"".join(parts) + TERMINATOR + BEHIND
    found = walk(stream)
    assert found is not None
    expected, faults, used = found
    for pieces in ([stream], octet_by_octet(stream), split_at(stream, borders)):
        content, reader, rest = read(pieces)
        assert reader.has_ended
        assert rest == stream[used:]
        assert reader.size_octets == len(expected)
        assert (reader.fault is None) == (not faults)
        if faults:
            assert reader.fault == min(faults, key=list(ContentFault).index)
        else:
            assert content == expected


@given(AWKWARD, st.sets(st.integers(0, 100)))
def test_normalizing_makes_each_bare_newline_a_crlf_and_no_more(parts: list[bytes], borders: set[int]) -> None:
    """bare_newline = "normalize": the same end of message, but what was bare is now CRLF."""
    stream = b"".join(parts) + TERMINATOR
    found = walk(stream)
    assert found is not None
    expected = re.sub(rb"\r\n|\r|\n", b"\r\n", found[0])
    for pieces in ([stream], octet_by_octet(stream), split_at(stream, borders)):
        content, reader, _ = read(pieces, newline=BareNewline.NORMALIZE)
        assert reader.size_octets == len(expected)
        if b"\0" in expected:
            assert reader.fault is ContentFault.NUL
        else:
            assert reader.fault is None
            assert content == expected


NO_END = [
    b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\x00.\r\n", b"\r\n.\x00\r\n",
    b"\r\n.\r\x00\n", b"\r\n..\r\n", b"\r\n.\t\r\n", b"\r\n .\r\n", b"\r\n. \r\n", b"\n\r.\n\r", b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n", b"\x85.\x85", b"\r\n\x0b.\r\n", b"\r\n\xef\xbc\x8e\r\n",
]


@pytest.mark.parametrize("sequence", NO_END)
def test_nothing_but_crlf_dot_crlf_ends_a_message(sequence: bytes) -> None:
    """RFC 5321 4.1.1.4: these were taken for an end by servers that were then tricked (CVE-2023-51764 to 51766)."""
    smuggled = b"text" + sequence + b"MAIL FROM:<smuggled@client.example>\r\n"
    for pieces in ([smuggled], octet_by_octet(smuggled)):
        _, reader, rest = read(pieces)
        assert not reader.has_ended
        assert rest == b""


@pytest.mark.parametrize(("message", "fault"), [
    (b"a\nb\r\n", ContentFault.BARE_LINE_FEED),
    (b"\n\r\n", ContentFault.BARE_LINE_FEED),
    (b"a\rb\r\n", ContentFault.BARE_CARRIAGE_RETURN),
    (b"a\r\r\n", ContentFault.BARE_CARRIAGE_RETURN),
    (b"a\n\rb\r\n", ContentFault.BARE_CARRIAGE_RETURN),
    (b"a\nb\rc\r\n", ContentFault.BARE_CARRIAGE_RETURN),
    (b"a\0\nb\r\n", ContentFault.NUL),
    (b"a\r\n", None),
    (b"a\x0b\x0c\x85\x1cb\xe2\x80\xa8c\r\n", None),    # line ends for Python's str.splitlines, not for SMTP
])
def test_bare_newlines_and_nul_are_named(message: bytes, fault: ContentFault | None) -> None:
    """RFC 5321 2.3.8: CR and LF stand only together; 4.5.2 and RFC 5322 4: no NUL."""
    for pieces in ([message + b".\r\n"], octet_by_octet(message + b".\r\n")):
        content, reader, _ = read(pieces)
        assert reader.fault is fault
        assert reader.size_octets == len(message)
        if fault is None:
            assert content == message


@pytest.mark.parametrize(("size", "fault"), [
    (100, None), (101, ContentFault.TOO_LARGE), (200, ContentFault.TOO_LARGE), (201, ContentFault.FAR_TOO_LARGE),
])
def test_size_counts_what_is_kept(size: int, fault: ContentFault | None) -> None:
    """RFC 1870 5: line ends count, stuffing and the final dot do not."""
    message = b".\r\n" + b"x" * (size - 5) + b"\r\n"
    assert len(message) == size
    for pieces in ([stuff(message)], octet_by_octet(stuff(message))):
        _, reader, _ = read(pieces, size_max=100)
        assert reader.fault is fault


def test_no_content_is_given_once_there_is_a_fault() -> None:
    """What will be refused need not be written to disk."""
    reader = ContentReader(100, BareNewline.REFUSE)
    assert reader.read(b"x" * 60) == (b"x" * 60, 60)
    assert reader.read(b"x" * 60) == (b"", 60)
    assert reader.read(b"\r\n.\r\n") == (b"", 5)
    assert reader.fault is ContentFault.TOO_LARGE


def test_an_empty_message_has_no_octets() -> None:
    """RFC 5321 4.1.1.4: the CRLF of the DATA command may be the first of the terminator."""
    for pieces in ([b".\r\n"], octet_by_octet(b".\r\n")):
        content, reader, _ = read(pieces)
        assert (content, reader.has_ended, reader.size_octets) == (b"", True, 0)


@pytest.mark.parametrize("newline", BareNewline)
def test_a_step_of_the_size_asked_for_never_makes_too_long_a_chunk(newline: BareNewline) -> None:
    """What was held back comes on top of it, and each bare newline may become two octets."""
    reader = ContentReader(10**9, newline)
    reader.read(b"text\r\n.")
    chunk, _ = reader.read((b"\n" if newline is BareNewline.NORMALIZE else b"x") * reader.step_octets)
    assert reader.step_octets < len(chunk) <= CHUNK_OCTETS_MAX


def test_a_long_line_passes_as_it_comes() -> None:
    """A line of 10 MB is kept as it is; what is held back at a border is four octets at most."""
    reader = ContentReader(10**9, BareNewline.REFUSE)
    block = b"x" * 65_536
    for _ in range(160):
        chunk, used = reader.read(block)
        assert (len(chunk), used) == (65_536, 65_536)
    chunk, _ = reader.read(b"\r\n.\r")
    assert chunk == b""
    assert reader.read(b"\nQUIT\r\n") == (b"\r\n", 1)
    assert reader.fault is None
