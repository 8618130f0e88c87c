"""Literals in commands (RFC 3501 4.3; RFC 7888), and the limits on lines and literals."""

from dataclasses import replace

import pytest

from conformance.imap.toy_door import ToyDoor, logged_in, selected
from posthouse.protocol.imap import commands
from posthouse.protocol.imap.events import LiteralAwaited
from posthouse.protocol.imap.settings import CommandLimits, SessionSettings
from posthouse.protocol.imap.states import Phase

GO_ON = b"+ go on with the literal\r\n"
AFTER_LOGIN = SessionSettings().after_login
TIGHT = CommandLimits(
    line_octets_max=140, literal_octets_max=8, literals_octets_max=12, swallowed_octets_max=160
)  # fmt: skip
TIGHT_SETTINGS = SessionSettings(before_login=TIGHT, after_login=TIGHT, append_octets_max=30)


def test_a_peer_that_waits_is_told_to_go_on() -> None:
    door = ToyDoor()
    assert door.feed(b"a LOGIN {2}\r\n") == GO_ON
    assert door.feed(b"al {6}\r\n") == GO_ON
    assert door.feed(b"secret\r\n") == b"a OK done\r\n"
    assert door.commands() == [commands.Login("al", b"secret")]
    assert door.events.count(LiteralAwaited(GO_ON)) == 2


def test_a_peer_that_does_not_wait_is_told_nothing() -> None:
    """RFC 7888 4: a non-synchronising literal has no continuation request."""
    assert ToyDoor().feed(b"a LOGIN {2+}\r\nal {6+}\r\nsecret\r\n") == b"a OK done\r\n"


@pytest.mark.parametrize("plus", [b"", b"+"])
@pytest.mark.parametrize(("parts", "command"), [
    ((b"SELECT ", b"a b", b""), commands.Select),
    ((b"RENAME ", b"x", b" ", b"y", b""), commands.Rename),
    ((b'LIST ', b"", b" ", b"*", b""), commands.List),
    ((b"STATUS ", b"x", b" (MESSAGES)"), commands.Status),
    ((b"SEARCH CHARSET ", b"utf-8", b" SUBJECT ", b"a\r\nb", b" HEADER ", b"X-A", b" ", b"", b" SEEN"),
    commands.Search),
    ((b"UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (", b"Date", b" ", b"From", b")])"), commands.Fetch),
    ((b"UID COPY 1 ", b"x", b""), commands.Copy),
])  # fmt: skip
def test_a_string_may_be_a_literal_wherever_it_stands(parts: tuple[bytes, ...], command: type, plus: bytes) -> None:
    """RFC 3501 4.3: a string is quoted or a literal. Odd places of ``parts`` are the literals' octets."""
    octets = b"".join(
        b"{%d%b}\r\n%b" % (len(part), plus, part) if place % 2 else part for place, part in enumerate(parts)
    )
    door = selected()
    written = door.feed(b"a " + octets + b"\r\n")
    assert written == GO_ON * (0 if plus else len(parts) // 2) + b"a OK done\r\n"
    assert [type(found) for found in door.commands()] == [command]


def test_a_literal_is_taken_up_to_its_limit() -> None:
    door = logged_in(TIGHT_SETTINGS)
    assert door.feed(b"a SELECT {8}\r\n12345678\r\n") == GO_ON + b"a OK done\r\n"


@pytest.mark.parametrize("octets", [9, 4_294_967_295, 10**30])
def test_a_literal_over_the_limit_is_refused_before_it_is_sent(octets: int) -> None:
    """4 GB announced cost nothing: the peer, refused, does not send them."""
    door = logged_in(TIGHT_SETTINGS)
    written = door.feed(b"a SELECT {%d}\r\nb NOOP\r\n" % octets)
    assert written == b"a BAD a literal of %d octets is over this server's limit\r\nb OK done\r\n" % octets


def test_literals_together_are_limited() -> None:
    written = logged_in(TIGHT_SETTINGS).feed(b"a RENAME {8+}\r\n12345678 {5}\r\nb NOOP\r\n")
    assert written == b"a BAD a literal of 5 octets is over this server's limit\r\nb OK done\r\n"


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_literal_over_the_limit_that_comes_unasked_is_swallowed(step: int) -> None:
    """RFC 7888 4: and nothing in it is taken for a command, whatever it looks like."""
    stream = b"a SELECT {20+}\r\nx LOGOUT\r\nx LOGOUT\r\n {3+}\r\n\r\nx\r\nb NOOP\r\n"
    door = logged_in(TIGHT_SETTINGS)
    written = b"".join([door.feed(stream[at : at + step]) for at in range(0, len(stream), step)])
    assert written == b"a BAD a literal of 20 octets is over this server's limit\r\nb OK done\r\n"


@pytest.mark.parametrize("octets", [4_294_967_295, 161])
def test_too_much_to_swallow_ends_the_session(octets: int) -> None:
    door = logged_in(TIGHT_SETTINGS)
    written = door.feed(b"a SELECT {%d+}\r\n" % octets)
    assert written.startswith(b"a BAD a literal of %d octets" % octets)
    assert written.endswith(b"* BYE a refused command goes on for too long\r\n")
    assert door.session.phase is Phase.CLOSED


def test_a_peer_that_is_refused_at_a_second_literal_is_not_left_waiting() -> None:
    """The answer was given at the first; the second one that waits for leave ends the command."""
    written = logged_in(TIGHT_SETTINGS).feed(b"a RENAME {9+}\r\n123456789 {1}\r\nb NOOP\r\n")
    assert written == b"a BAD a literal of 9 octets is over this server's limit\r\nb OK done\r\n"


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_line_over_the_limit_is_refused_and_swallowed(step: int) -> None:
    stream = b"a SELECT " + b"x" * 133 + b" {3+}\r\nyz\n\r\nb NOOP\r\n"
    door = logged_in(TIGHT_SETTINGS)
    written = b"".join([door.feed(stream[at : at + step]) for at in range(0, len(stream), step)])
    assert written == b"a BAD the line is too long for this server\r\nb OK done\r\n"


def test_a_line_of_ten_megabytes_takes_no_memory() -> None:
    """The peer is told once; what follows is thrown away as it comes, up to what is swallowed."""
    for door, ends in ((ToyDoor(), True), (logged_in(), False)):
        written = b""
        for _ in range(160):
            written += door.feed(b"x" * 65_536)
            assert door.session.unread_octets <= AFTER_LOGIN.line_octets_max
        assert written.startswith(b"* BAD the line is too long for this server\r\n")
        assert (door.session.phase is Phase.CLOSED) is ends
        assert written.endswith(b"* BYE a refused command goes on for too long\r\n") is ends
        if not ends:
            assert door.feed(b"\r\na NOOP\r\n") == b"a OK done\r\n"


def test_a_line_as_long_as_the_standard_asks_is_taken() -> None:
    """RFC 7162 4: 8,192 octets; RFC 2683 3.2.1.5: 8,000. Before login, an initial response of 12,288 (RFC 4954 4)."""
    door = ToyDoor()
    assert door.feed(b"a AUTHENTICATE PLAIN " + b"A" * 12_288 + b"\r\n") == b"a OK done\r\n"
    door.feed(b"b SELECT x\r\n")
    uids = b",".join([b"%d" % uid for uid in range(1, 20_000, 2)])[:60_000].rstrip(b",")
    assert door.feed(b"c UID FETCH " + uids + b" FLAGS\r\n") == b"c OK done\r\n"


def test_a_quoted_string_does_not_announce_a_literal() -> None:
    assert logged_in().feed(b'a SELECT "x{5}"\r\n') == b"a OK done\r\n"


def test_lines_must_leave_room_for_a_tag() -> None:
    """Else a line that is too long could not be answered by its tag."""
    with pytest.raises(ValueError, match="128"):
        replace(TIGHT, line_octets_max=128)
