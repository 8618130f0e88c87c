"""The message itself: how big it may be, what may not stand in it, and where it lies meanwhile."""

from pathlib import Path

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.protocol.smtp.settings import BareNewline, ServerSettings
from unit.doors.smtp.house import ADA, HELLO, House

LIMIT = 100_000
SMALL_LIMIT = ServerSettings("", message_size_octets_max=LIMIT)
LINE = b"x" * 78 + b"\r\n"


def of_size(octets: int) -> bytes:
    """A message of exactly so many octets."""
    rest = octets - len(HELLO)
    return HELLO + LINE * (rest // 80 - 1) + b"y" * (rest % 80 + 78) + b"\r\n"


def files(path: Path) -> list[Path]:
    return [file for file in (path / "blobs").rglob("*") if file.is_file()]


def test_a_message_as_long_as_the_limit_is_taken(build) -> None:
    """RFC 1870 5: the size counts neither stuffing nor the terminator."""
    house = build(settings=SMALL_LIMIT)
    assert house.peer().deliver(of_size(LIMIT), ADA).startswith(b"250 ")
    assert house.inbox()[0].endswith(of_size(LIMIT))


def test_a_message_over_the_limit_is_refused_and_the_session_goes_on(build) -> None:
    """Issue 4: "552 5.3.4", checked while reading too, for nobody is bound to declare a size."""
    house = build(settings=SMALL_LIMIT)
    peer = house.peer()
    assert peer.deliver(of_size(LIMIT + 1), ADA).startswith(b"552 5.3.4 ")
    assert house.is_empty()
    assert peer.deliver(HELLO, ADA).startswith(b"250 ")
    assert len(house.inbox()) == 1


def test_beyond_twice_the_limit_the_connection_ends(build) -> None:
    """Issue 4: 421; and nothing of what is still sent is ever read as a command."""
    house = build(settings=SMALL_LIMIT)
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(of_size(2 * LIMIT + 1) + b"\r\n.\r\nMAIL FROM:<x@y.example>\r\n")
    assert peer.reply().startswith(b"421 4.3.4 ")
    assert peer.hear_end()
    assert house.is_empty()


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"a\rb", b"554 5.6.0 message has a bare CR; "),
        (b"a\nb", b"554 5.6.0 message has a bare LF; "),
        (b"a\0b", b"554 5.6.0 message has a NUL octet; "),
        (b"a\n.\nb", b"554 5.6.0 message has a bare LF; "),
        (b"a\r\r\nb", b"554 5.6.0 message has a bare CR; "),
    ],
)
def test_what_may_not_stand_in_a_message_is_refused_by_name(house: House, octets: bytes, said: bytes) -> None:
    """RFC 5321 2.3.8, 4.1.1.4; RFC 5322 4 for NUL. The session goes on."""
    peer = house.peer()
    assert peer.deliver(HELLO + octets + b"\r\n", ADA).startswith(said)
    assert house.is_empty()
    assert peer.deliver(HELLO, ADA).startswith(b"250 ")


def test_bare_line_feeds_are_made_whole_where_the_listener_says_so(build) -> None:
    """DESIGN 4: `bare_newline` is a setting; scanners and scripts submit such messages."""
    house = build(settings=ServerSettings("", bare_newline=BareNewline.NORMALIZE))
    assert house.peer().deliver(HELLO + b"one\ntwo\rthree\r\n", ADA).startswith(b"250 ")
    assert house.inbox()[0].endswith(HELLO + b"one\r\ntwo\r\nthree\r\n")


def test_a_long_line_is_kept_as_it_is(house: House) -> None:
    """DESIGN 4: RFC 5321 4.5.3.1.6 has 1,000 octets, real mail has more, and cutting it breaks signatures."""
    long_line = HELLO + b"x" * 200_000 + b"\r\n"
    assert house.peer().deliver(long_line, ADA).startswith(b"250 ")
    assert house.inbox()[0].endswith(long_line)


def test_a_small_message_lies_in_its_row(house: House) -> None:
    """Issue 4: what is over 256 KiB spills to disk, and nothing else does."""
    message = of_size(INLINE_OCTETS_MAX)
    house.peer().deliver(message, ADA)
    assert house.stored() == [message]
    assert not files(house.path)


def test_a_big_message_lies_in_a_file_octet_for_octet(house: House) -> None:
    """Issue 4. The file is the final one; nothing is copied afterwards (DESIGN 5)."""
    message = of_size(INLINE_OCTETS_MAX + 1)
    assert house.peer().deliver(message, ADA).startswith(b"250 ")
    (file,) = files(house.path)
    assert file.read_bytes() == message
    assert house.stored() == [message]
    assert house.inbox()[0].endswith(message)


def test_a_body_spills_while_it_arrives(house: House) -> None:
    """Issue 4: memory holds 256 KiB of a message and no more."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(of_size(2 * INLINE_OCTETS_MAX))
    house.wait_until(lambda: any(file.stat().st_size > INLINE_OCTETS_MAX for file in files(house.path)))


@pytest.mark.parametrize("ending", ["the peer leaves", "too large", "NUL", "a loop"])
def test_a_big_message_that_is_not_taken_leaves_no_file(build, ending: str) -> None:
    """Nothing half-stored: whatever the reason."""
    house = build(settings=ServerSettings("", message_size_octets_max=4 * INLINE_OCTETS_MAX))
    peer = house.peer()
    if ending == "the peer leaves":
        peer.begin(ADA)
        peer.ask("DATA")
        peer.send(of_size(2 * INLINE_OCTETS_MAX))
        house.wait_until(lambda: bool(files(house.path)))
        peer.socket.close()
        house.wait_until(lambda: not len(house.connections))
    elif ending == "too large":
        assert peer.deliver(of_size(5 * INLINE_OCTETS_MAX), ADA).startswith(b"552 ")
    elif ending == "NUL":
        assert peer.deliver(of_size(2 * INLINE_OCTETS_MAX) + b"\0\r\n", ADA).startswith(b"554 ")
    else:
        assert peer.deliver(b"Received: by x; \r\n" * 101 + of_size(2 * INLINE_OCTETS_MAX), ADA).startswith(b"554 ")
    assert house.is_empty()


@pytest.mark.parametrize(
    "message",
    [b"", b"\r\n", b"text alone\r\n", b"\r\ntext\r\n", b"Subject: no body\r\n", b"Subject: a\r\nno field\r\n\r\nb\r\n",
     b" folded at once\r\n\r\nb\r\n", b": no name\r\n\r\nb\r\n", b"--not-a-field\r\nSubject: a\r\n\r\nb\r\n"],
)    # fmt: skip
def test_a_malformed_message_is_kept_as_it_is(house: House, message: bytes) -> None:
    """Issue 4: malformed mail never fails. What we add stands before it, and where its text would be swallowed by our
    fields an empty line parts them (`View.separated`)."""
    assert house.peer().deliver(message, ADA).startswith(b"250 ")
    assert house.stored() == [message]
    (seen,) = house.inbox()
    assert seen.startswith(b"Return-Path: <eve@elsewhere.example>\r\nDelivered-To: ada@example.org\r\nReceived: ")
    assert b"".join(seen.split(b"\r\n")).endswith(b"".join(message.split(b"\r\n")))


def test_a_hundred_received_fields_are_taken_and_one_more_is_a_loop(house: House) -> None:
    """RFC 5321 6.3."""
    peer = house.peer()
    assert peer.deliver(b"Received: by x.example; date\r\n" * 100 + HELLO, ADA).startswith(b"250 ")
    looping = peer.deliver(b"ReCeived : by x.example; date\r\n" * 101 + HELLO, ADA)
    assert looping.startswith(b"554 5.4.6 ")
    assert len(house.inbox()) == 1
