"""Octets that another server might read otherwise: smuggled messages, line ends, NUL (RFC 5321 2.3.8, 4.1.1.4)."""

import pytest

from unit.doors.smtp.house import ADA, BOB, FROM_ADA, HELLO, House

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
