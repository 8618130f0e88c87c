"""However octets arrive, the session hears and says the same; and nothing makes it raise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.imap.toy_door import ToyDoor
from posthouse.protocol.imap.settings import CommandLimits, SessionSettings

TIGHT = CommandLimits(
    line_octets_max=140, literal_octets_max=16, literals_octets_max=24, swallowed_octets_max=180
)  # fmt: skip
SETTINGS = SessionSettings(append_octets_max=40, bad_commands_max=6, before_login=TIGHT, after_login=TIGHT)

# STARTTLS is left out: what arrives behind it, and when, is a question of its own (test_session.py).
LINES = [
    b"a NOOP\r\n", b"b LOGIN {2+}\r\nal {6}\r\nsecret\r\n", b"c SELECT inbox\r\n", b"d IDLE\r\nDONE\r\n",
    b"e IDLE\r\nx\r\n",
    b"f AUTHENTICATE PLAIN\r\nAGEAYg==\r\n", b"g FETCH 1:* (FLAGS BODY.PEEK[1.MIME])\r\n", b"h FOO\r\n", b"\r\n",
    b"NOOP\n",
    b"i APPEND x {5+}\r\nab\r\nc\r\n", b"j APPEND {1+}\r\nx (\\Seen) {3}\r\na\0b\r\n",
    b"k APPEND x {2+}\r\nhi there\r\n",
    b"l APPEND x {41+}\r\n" + b"k LOGOUT\r\n" * 4 + b"y\r\n", b"m SELECT {17+}\r\nn LOGOUT\r\no LOG \r\n",
    b"p SELECT {99}\r\n",
    b"q SELECT " + b"x" * 140 + b"\r\n", b"r SELECT " + b"x" * 140 + b"{7+}\r\na b c\r\n\r\n",
    b"s " + b"y" * 350 + b"\r\n",
    b"t SEARCH CHARSET X-NONE ALL\r\n", b"u SEARCH SUBJECT {4+}\r\n\xc3\xa4\r\n\r\n",
    b"v UID STORE 1 +FLAGS (\\Seen)\r\n",
    b"w CLOSE\r\n", b"x LOGOUT\r\n", b"y SELECT {300+}\r\n", b"z IDLE\r\n" + b"x" * 70 + b"\r\n", b"{3}\r\n",
    b"a {0+}\r\n\r\n",
]  # fmt: skip
STREAMS = st.lists(
    st.sampled_from(LINES)
    | st.sampled_from(LINES).flatmap(lambda line: st.integers(0, len(line)).map(lambda end: line[:end]))
    | st.binary(max_size=12)
    | st.sampled_from([b"\r", b"\n", b"\r\n", b"{", b"}", b"}\r\n", b"+}\r\n", b"{4+}\r\n", b" ", b"\0"]),
    max_size=12,
).map(b"".join)


def play(stream: bytes, sizes: list[int]) -> tuple[list[object], bytes, list[bytes], object]:
    door, written, at = ToyDoor(SETTINGS), b"", 0
    for size in [*sizes, len(stream)]:
        written += door.feed(stream[at : at + size])
        at += size
    return list(door.events), written, door.appended, (door.session.phase, door.session.state)


@settings(max_examples=150)
@given(STREAMS, st.lists(st.integers(1, 40), max_size=30))
def test_whole_in_octets_or_in_pieces_is_the_same(stream: bytes, sizes: list[int]) -> None:
    login = b"0 LOGIN a b\r\n0 SELECT c\r\n"
    for octets in (stream, login + stream):
        whole = play(octets, [])
        assert play(octets, [1] * len(octets)) == whole
        assert play(octets, sizes) == whole


@settings(max_examples=150)
@given(STREAMS)
def test_whatever_comes_every_line_said_is_a_response(stream: bytes) -> None:
    """RFC 3501 2.2.2, 7: tagged, "*" or "+", one line each; and what is held back is bounded."""
    door = ToyDoor(SETTINGS)
    written = door.feed(b"0 LOGIN a b\r\n0 SELECT c\r\n" + stream)
    lines = written.split(b"\r\n")
    assert lines.pop() == b""
    for line in lines:
        first, _, rest = line.partition(b" ")
        assert first == b"+" or rest.split(b" ")[0] in (b"OK", b"NO", b"BAD", b"BYE") or rest == b"3 EXISTS"
        assert b"\r" not in line
        assert b"\n" not in line
    assert door.session.unread_octets <= TIGHT.line_octets_max + TIGHT.literals_octets_max


@given(st.binary(max_size=3000), st.integers(1, 400))
def test_noise_is_answered_with_patience_and_then_with_bye(noise: bytes, size: int) -> None:
    door = ToyDoor()
    for at in range(0, len(noise), size):
        door.feed(noise[at : at + size])
    assert not door.commands()
