"""Multi-line responses: nothing in a message can end its own response, and all of it arrives."""

import io
import itertools
import poplib
import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from posthouse.protocol.pop3.stuffing import first_lines, stuff

# Octets that matter, so that Hypothesis finds every neighbourhood of them.
hostile = st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"\r\n.\r\n", b"\n.\n", b"x", b"\0"]), max_size=30)
messages = hostile.map(b"".join)
LINE_BEGINS_WITH_CR = re.compile(rb"(?:\A|\n)\r(?!\n)")


def split(octets: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({min(cut, len(octets)) for cut in cuts} | {0, len(octets)})
    return [octets[here:there] for here, there in itertools.pairwise(places)]


def read_by_poplib(response: bytes) -> tuple[list[bytes], bytes]:
    """What the standard library's client makes of a response, and what it leaves unread."""
    client = poplib.POP3.__new__(poplib.POP3)
    client.file = io.BytesIO(b"+OK\r\n" + response)
    client._debugging = 0
    lines = client._getlongresp()[1]
    return lines, client.file.read()


@pytest.mark.parametrize(
    ("message", "response"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\n", b"a\n\r\n.\r\n"),
        (b"a\r", b"a\r\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.b\r\n..\r\n", b"a\r\n..b\r\n...\r\n.\r\n"),
        (b"a.b\r\n", b"a.b\r\n.\r\n"),
        (b"a\n.\nb\r\n", b"a\n..\nb\r\n.\r\n"),
        (b"a\r.\rb\r\n", b"a\r.\rb\r\n.\r\n"),
    ],
    ids=repr,
)
def test_each_case_is_stuffed_as_the_standard_says(message: bytes, response: bytes) -> None:
    """RFC 1939 3, and DESIGN 4: a dot after any LF is doubled, only a missing final CRLF is added."""
    assert b"".join(stuff([message])) == response
    assert b"".join(stuff([message[at : at + 1] for at in range(len(message))])) == response


@given(messages, st.lists(st.integers(0, 60), max_size=8))
@example(b"a\r\n.\r\n", [3])
@example(b"\r\n", [1])
def test_pieces_make_no_difference(message: bytes, cuts: list[int]) -> None:
    """Every chunk border is crossed rightly, also between CR, LF and dot; empty chunks count as nothing."""
    whole = b"".join(stuff([message]))
    assert b"".join(stuff(split(message, cuts))) == whole
    assert b"".join(stuff([b"", *split(message, cuts), b""])) == whole


@given(messages)
@example(b"x\n.\nDELE 1")
@example(b".\r\n")
def test_another_client_reads_all_of_it_and_stops_at_its_end(message: bytes) -> None:
    """The oracle is poplib, which takes a bare LF for a line's end, as many clients do.

    It also drops a CR at the start of a line, which nothing in a response can make up for.
    """
    assume(LINE_BEGINS_WITH_CR.search(message) is None)
    lines, unread = read_by_poplib(b"".join(stuff([message])) + b"+OK next\r\n")
    assert unread == b"+OK next\r\n"
    ends_well = message.endswith(b"\r\n") or not message
    expected = (message if ends_well else message + b"\r\n").split(b"\n")[:-1]
    assert lines == [line.removesuffix(b"\r") for line in expected]


def test_nothing_is_drawn_before_it_is_asked_for() -> None:
    """Back-pressure: a client that does not read makes us read nothing from the store."""
    drawn: list[int] = []

    def source() -> Iterator[bytes]:
        for at in range(3):
            drawn.append(at)
            yield b"line\r\n"

    pieces = stuff(source())
    assert drawn == []
    next(pieces)
    assert drawn == [0]


def naive_first_lines(message: bytes, header_octets: int, body_lines: int) -> bytes:
    """TOP by the book: the header section, then lines one by one."""
    taken = message[:header_octets]
    for line in io.BytesIO(message[header_octets:]).readlines()[:body_lines]:
        taken += line
    return taken


@given(messages, st.integers(0, 40), st.integers(0, 12), st.lists(st.integers(0, 60), max_size=8))
def test_top_counts_the_lines_of_the_body_alone(message: bytes, header: int, lines: int, cuts: list[int]) -> None:
    """RFC 1939 7: the header section, the empty line, and n lines of the body, wherever the pieces end."""
    header_octets = min(header, len(message))
    top = b"".join(first_lines(split(message, cuts), header_octets, lines))
    assert top == naive_first_lines(message, header_octets, lines)


def test_top_draws_no_piece_beyond_what_it_needs() -> None:
    """TOP 1 0 of a message of 50 MB reads its header section only."""

    def source() -> Iterator[bytes]:
        yield b"A: b\r\n\r\n"
        raise AssertionError("the body was read")

    assert b"".join(first_lines(source(), 8, 0)) == b"A: b\r\n\r\n"


def test_more_lines_than_there_are_is_the_whole_message() -> None:
    """RFC 1939 7: then the server sends the entire message."""
    message = b"A: b\r\n\r\none\r\ntwo"
    assert b"".join(first_lines([message], 8, 9_999_999_999)) == message
