"""Peers that mean harm, or seem to: each variant of issue 4's list that concerns SMTP, with what it is answered.

After each the house must stand: another peer's mail is taken, and nothing is in the store that should not be.
"""

import json
import os
import re
import socket
import struct

import pytest

from posthouse.doors.events import SessionClosed
from posthouse.protocol.smtp.settings import ServerSettings
from unit.doors.imap.client import ImapClient
from unit.doors.smtp.client import SmtpClient, plain
from unit.doors.smtp.house import ADA, APPLICATION_PASSWORDS, BOB, FROM_ADA, HELLO, PASSWORD, House
from unit.doors.stage import SECONDS

TEN_MEGABYTES = 10 * 1024 * 1024


@pytest.fixture(autouse=True)
def house_still_stands(house: House):
    """Whatever was done: the next peer is served as ever, and no bug was met (`House.close` looks for one)."""
    yield
    before = len(house.inbox(BOB))
    assert house.peer().deliver(HELLO, BOB).startswith(b"250 ")
    assert len(house.inbox(BOB)) == before + 1


# ---- smuggling -------------------------------------------------------------------------------------------------------

SMUGGLED = b"MAIL FROM:<ceo@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nFrom: ceo@example.org\r\n\r\npay\r\n"
ENDS = [
    (b"\n.\n", b"LF"), (b"\n.\r\n", b"LF"), (b"\r\n.\n", b"LF"), (b"\n\n.\n\n", b"LF"), (b"x\n.\r\n", b"LF"),
    (b"\r.\r", b"CR"), (b"\r.\r\n", b"CR"), (b"\r\n.\r", b"CR"), (b"\r\n.\r\r\n", b"CR"), (b"\r\r\n.\r\r\n", b"CR"),
    (b"\n.\r", b"CR"), (b"\r.\n", b"CR"), (b"\r\n.\rX\r\n", b"CR"), (b"\r\r.\r\r", b"CR"),
    (b"\r\n\0.\r\n", b"NUL"), (b"\r\n.\0\r\n", b"NUL"), (b"\r\0\n.\r\n", b"NUL"), (b"\r\n.\r\0\n", b"NUL"),
]  # fmt: skip
WORDS = {b"LF": b"bare LF", b"CR": b"bare CR", b"NUL": b"NUL"}


@pytest.mark.parametrize("door", ["smtp", "submissions"])
@pytest.mark.parametrize(("end", "fault"), ENDS, ids=[repr(end)[2:-1] for end, _ in ENDS])
def test_nothing_but_crlf_dot_crlf_ends_a_message(house: House, door: str, end: bytes, fault: bytes) -> None:
    """CVE-2023-51764 to -51766, RFC 5321 4.1.1.4: to whom we relay might take it for two, so it is refused by name."""
    peer = house.peer() if door == "smtp" else house.submitter()
    peer.begin(ADA, reverse_path="" if door == "smtp" else ADA)
    peer.ask("DATA")
    peer.send(FROM_ADA + b"first" + end + SMUGGLED + b".\r\n")
    said = peer.reply()
    assert said.startswith(b"554 5.6.0 "), said
    assert WORDS[fault] in said
    assert peer.ask("NOOP").startswith(b"250 "), "there was one reply, for there was one message"
    assert house.is_empty()


@pytest.mark.parametrize("end", [b"\r\n..\r\n", b"\r\n. \r\n", b"\r\n.\t\r\n", b"\r\n .\r\n", b"\r\n.x\r\n"])
def test_what_only_looks_like_the_end_is_content(house: House, end: bytes) -> None:
    """RFC 5321 4.5.2: a dot at a line's beginning is taken off when more follows, and the smuggled stays a text."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(HELLO + b"first" + end + SMUGGLED + b".\r\n")
    assert peer.reply().startswith(b"250 ")
    assert house.inbox()[0].endswith(b"first" + end.replace(b"\r\n.", b"\r\n") + SMUGGLED)
    assert not house.inbox(BOB)


@pytest.mark.parametrize("octets", [b"\n", b"\r", b"\r\r\n", b"\n\r\n"])
def test_a_command_line_ends_with_crlf_alone(house: House, octets: bytes) -> None:
    """RFC 5321 2.3.8: what ends with less is no command, so a front-end and we can never read different ones."""
    peer = house.peer()
    peer.send(b"NOOP" + octets + b"RSET\r\n")
    assert peer.reply()[:9] in (b"500 5.5.2", b"501 5.5.4")
    assert not house.decisions()


# ---- STARTTLS --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("door", ["smtp", "submission"])
@pytest.mark.parametrize(
    "injected",
    [b"NOOP\r\n", b"\r\n", b"X", b"\0", b"RSET\r\nMAIL FROM:<a@b.example>\r\n", b"x" * 100_000, b"\x16\x03\x01"],
    ids=["command", "empty line", "octet", "NUL", "transaction", "100 KB", "false handshake"],
)
def test_octets_behind_starttls_are_refused_and_the_connection_ends(
    house: House, door: str, injected: bytes
) -> None:
    """RFC 3207 6, CVE-2011-0411. The last could pass for a handshake that did not wait for our 220."""
    peer = house.peer(door)
    peer.send(b"STARTTLS\r\n" + injected)
    assert peer.reply().startswith(b"501 5.5.4 nothing may follow STARTTLS in the clear")
    assert peer.hear_end()


@pytest.mark.parametrize("door", ["smtp", "submission"])
def test_what_is_no_handshake_ends_the_connection(house: House, door: str) -> None:
    """After our 220 there is TLS or nothing: commands in the clear are not answered."""
    peer = house.peer(door)
    assert peer.ask("STARTTLS").startswith(b"220 ")
    peer.send(b"EHLO client.example\r\n" * 3)
    said = peer.rest()
    assert b"250" not in said


def test_no_login_survives_starttls_of_a_stranger(house: House) -> None:
    """RFC 3207 4.2: who has not logged in under TLS has not logged in."""
    peer = house.peer("submission")
    peer.say("AUTH PLAIN " + plain(ADA, PASSWORD), "MAIL FROM:<ada@example.org>")
    assert [peer.reply()[:3], peer.reply()[:3]] == [b"538", b"530"]
    assert peer.ask("STARTTLS").startswith(b"220 ")
    house.secure(peer)
    assert peer.ask("EHLO client.example").startswith(b"250")
    assert peer.ask("MAIL FROM:<ada@example.org>").startswith(b"530 5.7.0 ")


# ---- garbage ---------------------------------------------------------------------------------------------------------

def replies_of(heard: bytes) -> list[bytes]:
    return [line[:9] for line in heard.splitlines()]


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 1_000, b"\xff\xfe\xfd" * 1_000, b"\r\n" * 1_000, b"\n" * 1_000, b"\r" * 1_000, b"=" * 1_000,
     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, bytes(range(256)) * 4],
    ids=["NUL", "high octets", "empty lines", "LF", "CR", "no line end", "TLS where none is", "every octet"],
)  # fmt: skip
def test_pipelined_garbage_is_told_so_and_then_hung_up_on(house: House, garbage: bytes) -> None:
    """Issue 4: bad commands have a limit (20, as Postfix's), each has one reply, and 421 is the last."""
    peer = house.peer()
    peer.send((garbage + b"\r\n") * 30 + b"QUIT\r\n")
    *said, last = replies_of(peer.rest())
    assert set(said) <= {b"500 5.5.2"}
    assert last == b"421 4.7.0"
    assert len(said) == 21


def test_random_octets_never_upset_the_house(house: House) -> None:
    """A fixed seed would look at the same octets for ever; whatever comes, the peer gets replies or an end."""
    for _ in range(20):
        peer = house.peer()
        peer.send(os.urandom(2_000) + b"\r\n" * 30)
        assert all(re.match(rb"[45]\d\d ", line) for line in peer.rest().splitlines())


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"POST /submit HTTP/1.0", b"CONNECT [::1]:25 HTTP/1.1"])
def test_a_browser_is_hung_up_on_at_once(house: House, request_line: bytes) -> None:
    """Cross-protocol attacks: what a form's body says must never be read as commands."""
    peer = house.peer()
    peer.send(request_line + b"\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ada@example.org>\r\n")
    assert replies_of(peer.rest()) == [b"421 4.7.0"]


def test_commands_without_a_mail_have_a_limit(house: House) -> None:
    """Issue 4: 100 commands since the last message, as Postfix's smtpd_junk_command_limit."""
    peer = house.peer()
    peer.send(b"NOOP\r\n" * 500)
    said = replies_of(peer.rest())
    assert said == [b"250 2.0.0"] * 99 + [b"421 4.7.0"]    # EHLO was the first


def test_a_peer_that_talks_before_the_greeting_is_told_so(house: House) -> None:
    """Issue 4, RFC 5321 4.3.1: it is no mail server that does not wait. Nothing of what it says is read."""
    eager = house.in_loop(lambda: house.client(speak_first=b"EHLO client.example\r\nMAIL FROM:<>\r\n"))
    assert eager.reply() == b"554 you spoke before the greeting; wait for 220 (RFC 5321 4.3.1)"
    assert eager.hear_end()


# ---- too much --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    ("beginning", "said"),
    [
        (b"", b"500 5.5.2 line too long"),
        (b"NOOP ", b"500 5.5.2 line too long"),
        (b"MAIL FROM:<", b"500 5.5.2 line too long"),
        (b"EHLO ", b"500 5.5.2 line too long"),
        (b"\0", b"500 5.5.2 line too long"),
    ],
)
def test_a_line_of_ten_megabytes_is_refused_and_the_session_goes_on(
    house: House, beginning: bytes, said: bytes
) -> None:
    """Issue 4; RFC 5321 4.5.3.1.4: what is beyond the limit is thrown away as it comes."""
    peer = house.peer()
    peer.send(beginning + b"x" * TEN_MEGABYTES + b"\r\n")
    assert peer.reply().startswith(said)
    assert peer.ask("NOOP").startswith(b"250 ")


def test_a_line_without_end_is_hung_up_on(house: House) -> None:
    """16 MB without a line end are no mistake any more; what still comes is thrown away while the peer is told."""
    peer = house.peer()
    peer.send(b"x" * (16 * 1_048_576 + 1))
    assert peer.reply() == b"421 4.7.0 a line without end, closing"
    peer.send(b"\r\nMAIL FROM:<>\r\n")
    assert peer.hear_end()


def test_an_authentication_line_of_ten_megabytes_ends_the_exchange(house: House) -> None:
    """RFC 4954 4: 500 5.5.6."""
    peer = house.peer("submissions")
    assert peer.ask("AUTH PLAIN").startswith(b"334 ")
    peer.send(b"A" * TEN_MEGABYTES + b"\r\n")
    assert peer.reply().startswith(b"500 5.5.6 ")
    assert peer.log_in(ADA, PASSWORD).startswith(b"235 ")


def test_a_text_line_of_ten_megabytes_is_kept(house: House) -> None:
    """DESIGN 4: a long text line is kept as it is."""
    message = HELLO + b"x" * TEN_MEGABYTES + b"\r\n"
    assert house.peer().deliver(message, ADA).startswith(b"250 ")
    assert house.inbox()[0].endswith(message)


@pytest.mark.parametrize(
    ("address", "recipients", "first"),
    [("x%d@example.org", 100_000, b"550 5.1.1"), ("ada+%d@example.org", 5_000, b"250 2.1.5")],
)
def test_a_hundred_thousand_recipients_cost_no_more_than_their_lines(
    house: House, address: str, recipients: int, first: bytes
) -> None:
    """Issue 4: 1,000 are judged; the others hear 452 and are not even read (RFC 5321 4.5.3.1.10)."""
    peer = house.peer()
    assert peer.ask("MAIL FROM:<>").startswith(b"250 ")
    said: list[bytes] = []
    for start in range(0, recipients, 5_000):
        peer.send(b"".join(b"RCPT TO:<%b>\r\n" % (address.encode() % number) for number in range(start, start + 5_000)))
        said += replies_of(lines(peer, 5_000))
    assert said == [first] * 1_000 + [b"452 4.5.3"] * (recipients - 1_000)
    assert peer.ask("DATA")[:3] == (b"354" if first.startswith(b"250") else b"503")


def lines(peer: SmtpClient, count: int) -> bytes:
    """So many lines of the peer's; `Client.line` would copy its buffer for each."""
    heard = []
    while count > 0:
        heard.append(peer.socket.recv(65_536))
        count -= heard[-1].count(b"\n")
    return b"".join(heard)


def test_a_hundred_thousand_header_fields_are_refused(house: House) -> None:
    """Issue 4, DESIGN 1.6: refused clearly at the limit, for what must not show could hide among the last."""
    peer = house.peer()
    assert peer.deliver(b"X: y\r\n" * 100_000 + HELLO, ADA).startswith(b"552 5.3.4 the header section is over ")
    assert house.is_empty()
    assert peer.ask("NOOP").startswith(b"250 ")


def nested(depth: int) -> bytes:
    """Multiparts one within the other."""
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth)
    )
    return b"Subject: deep\r\nMIME-Version: 1.0\r\n" + opening + b"\r\nat the bottom\r\n"


def nested_messages(depth: int) -> bytes:
    return b"Subject: deep\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nat the bottom\r\n"


def imap(house: House) -> ImapClient:
    client = ImapClient(house.ports["imap"], house.certificate, None, b"")
    house.clients.append(client.socket)
    client.response()
    assert client.do(f"LOGIN {ADA} {APPLICATION_PASSWORDS[ADA]}").is_ok
    assert client.do("SELECT INBOX").is_ok
    return client


@pytest.mark.parametrize(
    "message",
    [
        nested(10_000),
        nested_messages(10_000),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n",
        b"Content-Type: multipart/mixed; boundary=\"" + b"b" * 100_000 + b"\"\r\n\r\n--b\r\n",
        b"Content-Type: text/plain" + b"; a=b" * 50_000 + b"\r\n\r\nx\r\n",
        b"Subject: " + b"=?utf-8?q?=41?= " * 5_000 + b"\r\n\r\nx\r\n",
        b"To: " + b"a@b.example, " * 10_000 + b"\r\n\r\nx\r\n",
        b"From: " + b"(" * 100_000 + b"\r\n\r\nx\r\n",
    ],
    ids=["10,000 multiparts deep", "10,000 messages deep", "100,000 parts", "a boundary of 100 KB", "50,000 parameters",
         "5,000 encoded words", "10,000 addresses", "100,000 comments"],
)  # fmt: skip
def test_structure_without_end_is_taken_and_can_be_read(house: House, message: bytes) -> None:
    """Issue 4: MIME 10,000 deep. Beyond its limits content stays opaque, and none of its octets is lost."""
    assert house.peer().deliver(message, ADA).startswith(b"250 ")
    client = imap(house)
    seen = client.fetched(1, "BODY.PEEK[]")
    assert seen is not None
    assert seen.endswith(message)
    assert client.do("FETCH 1 (ENVELOPE BODYSTRUCTURE)").is_ok
    assert client.do('SEARCH TEXT "bottom"').is_ok


# ---- slow ------------------------------------------------------------------------------------------------------------

def test_a_command_sent_octet_by_octet_ends(house: House) -> None:
    """RFC 5321 4.5.3.2.7 gives five minutes for a command, not for an octet of it."""
    peer = house.peer()
    for octet in b"MAIL FROM":
        arrive(house, peer, bytes((octet,)))
        house.pass_time(33)
    house.pass_time(10)
    assert peer.reply().startswith(b"421 4.4.2 ")
    assert peer.hear_end()


def test_a_message_sent_octet_by_octet_ends(house: House) -> None:
    """Slow-loris: less than 100 octets a second on average, though never silent for three minutes."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    for _ in range(4):
        arrive(house, peer, b"Subject: x\r\n")
        house.pass_time(20)
    assert peer.reply().startswith(b"421 4.4.2 ")
    assert peer.hear_end()
    assert house.is_empty()


def test_a_slow_but_honest_peer_is_waited_for(house: House) -> None:
    """At 1,200 bits a second a modem's mail arrives."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    for _ in range(50):
        arrive(house, peer, b"x" * 1_498 + b"\r\n")
        house.pass_time(10)
    peer.send(b".\r\n")
    assert peer.reply().startswith(b"250 ")


def test_silence_within_a_message_ends_it(house: House) -> None:
    """RFC 5321 4.5.3.2.5: three minutes for a block of data."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    arrive(house, peer, b"x" * 99_998 + b"\r\n")
    house.pass_time(179)
    arrive(house, peer, b"y")
    house.pass_time(181)
    assert peer.reply().startswith(b"421 4.4.2 ")
    assert house.is_empty()


def arrive(house: House, peer: SmtpClient, octets: bytes) -> None:
    """Send octets, and go on when the one connection that stands has them."""
    (connection,) = house.connections._open
    expected = connection._octets_received + len(octets)
    peer.send(octets)
    house.wait_until(lambda: connection._octets_received == expected)


@pytest.mark.parametrize("said", ["AUTH LOGIN", "AUTH PLAIN"])
def test_a_login_that_is_not_finished_ends(house: House, said: str) -> None:
    """The same five minutes for the answer to a challenge."""
    peer = house.peer("submissions")
    assert peer.ask(said).startswith(b"334 ")
    house.pass_time(301)
    assert peer.reply().startswith(b"421 4.4.2 ")


def test_who_keeps_a_session_alive_for_nothing_is_shown_the_door(house: House) -> None:
    """NOOP every four minutes: commands without a mail have a limit, so a session is not for ever."""
    peer = house.peer()
    for _ in range(99):
        house.pass_time(240)
        assert peer.ask("NOOP").startswith(b"250 ")
    assert peer.ask("NOOP").startswith(b"421 4.7.0 ")


# ---- half a peer -----------------------------------------------------------------------------------------------------

def test_a_half_closed_peer_hears_all_its_replies(house: House) -> None:
    """RFC 9293 3.6: `printf ... | nc` closes its side at once; the commit is still answered."""
    peer = house.peer()
    peer.send(b"MAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n" + HELLO + b".\r\nQUIT\r\n")
    peer.end_writing()
    assert [line[:3] for line in peer.rest().splitlines()] == [b"250", b"250", b"354", b"250", b"221"]
    assert len(house.inbox()) == 1


@pytest.mark.parametrize(
    "unfinished", [b"", b"NO", b"MAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\n", b"DATA", b"\r", b"AUTH PLAIN"]
)
def test_a_peer_that_leaves_in_between_is_let_go(house: House, unfinished: bytes) -> None:
    """RFC 5321 3.8: what was not finished never was."""
    peer = house.peer()
    peer.send(unfinished)
    peer.end_writing()
    assert all(line.startswith(b"250 ") for line in peer.rest().splitlines())
    assert house.is_empty()


@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\r\n.", b"\r\n.\r", b"\n.\n"])
def test_a_message_cut_off_is_not_taken(house: House, ending: bytes) -> None:
    """RFC 5321 4.1.1.10: without its end there was no message, however nearly it was there."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(HELLO + b"cut" + ending)
    peer.end_writing()
    assert peer.hear_end()
    assert house.is_empty()


def test_a_peer_that_resets_while_its_message_is_committed_has_sent_it(house: House) -> None:
    """RFC 1047: it may send it again, for it never heard our 250; we keep it once and stand."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(HELLO + b".\r\n")
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.socket.close()
    house.wait_until(lambda: not len(house.connections))
    assert len(house.inbox()) <= 1
    assert len(house.inbox()) == len(house.decisions())


# ---- deaf ------------------------------------------------------------------------------------------------------------

def test_a_peer_that_never_reads_is_cut_off(house: House) -> None:
    """Issue 4: its replies do not pile up; we stop reading, and after five minutes it is silent to us."""
    deaf = house.peer(receive_buffer_octets=4_096)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    deaf.ask("MAIL FROM:<>")
    flood = b"RCPT TO:<x@example.org>\r\n" * 4_000
    deaf.socket.settimeout(0.1)    # not a sleep: sending itself must come to a stop
    with pytest.raises(TimeoutError):
        for _ in range(1_000):
            deaf.socket.sendall(flood)
    deaf.socket.settimeout(SECONDS)
    (connection,) = house.connections._open
    assert house.in_loop(connection._transport.get_write_buffer_size) < 2_000_000
    house.pass_time(301)
    house.wait_until(lambda: bool(house.journal(SessionClosed)))
    assert json.loads(house.journal(SessionClosed)[0])["reason"] == "the peer did not read"


# ---- NUL -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"MAIL FROM:<a\0b@elsewhere.example>", b"501 5.1.7 "),
        (b"MAIL\0FROM:<a@elsewhere.example>", b"500 5.5.2 "),
        (b"RCPT TO:<ada@example.org\0@elsewhere.example>", b"503 5.5.1 "),
        (b"NOOP \0", b"501 5.5.4 "),
        (b"EHLO a\0b", b"501 5.5.4 "),
        (b"VRFY \0", b"501 5.5.4 "),
        (b"\0", b"500 5.5.2 "),
    ],
)
def test_a_nul_in_a_command_is_refused(house: House, line: bytes, said: bytes) -> None:
    """RFC 5321 4.1.2: no grammar has it, and C programs end at it."""
    peer = house.peer()
    peer.send(line + b"\r\n")
    assert peer.reply().startswith(said)


@pytest.mark.parametrize("path", [b"ada\0@example.org", b"ada@example.org\0", b"ada@example.org\0.elsewhere.example"])
def test_a_nul_cuts_no_address_short(house: House, path: bytes) -> None:
    """What one part of a system reads to its end another might read to the NUL."""
    peer = house.peer()
    peer.ask("MAIL FROM:<>")
    peer.send(b"RCPT TO:<" + path + b">\r\n")
    assert peer.reply().startswith(b"501 5.1.3 ")


@pytest.mark.parametrize("place", ["in a field", "in the body", "first", "last"])
def test_a_nul_in_a_message_is_refused_by_name(house: House, place: str) -> None:
    """RFC 5322 4, issue 4."""
    message = {
        "in a field": HELLO.replace(b"hello", b"hel\0lo"),
        "in the body": HELLO + b"a\0b\r\n",
        "first": b"\0" + HELLO,
        "last": HELLO + b"\0\r\n",
    }[place]
    assert house.peer().deliver(message, ADA).startswith(b"554 5.6.0 message has a NUL octet")
    assert house.is_empty()


def test_settings_that_would_break_the_rules_cannot_be_made() -> None:
    """RFC 5321 4.5.3.1.7, .8: limits below what every server must take."""
    for unlawful in ({"message_size_octets_max": 65_535}, {"recipients_max": 99}):
        with pytest.raises(ValueError, match="must be at least"):
            ServerSettings("", **unlawful)
