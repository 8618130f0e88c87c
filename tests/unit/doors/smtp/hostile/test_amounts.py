"""Too much of something: lines, recipients, header fields, MIME parts (DESIGN 1.6: refuse clearly, lose nothing)."""

import pytest

from posthouse.protocol.smtp.settings import ServerSettings
from unit.doors.house import PASSWORD
from unit.doors.imap.client import ImapClient
from unit.doors.smtp.client import SmtpClient
from unit.doors.smtp.house import ADA, APPLICATION_PASSWORDS, HELLO, House

TEN_MEGABYTES = 10 * 1024 * 1024


def replies_of(heard: bytes) -> list[bytes]:
    return [line[:9] for line in heard.splitlines()]


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


def test_settings_that_would_break_the_rules_cannot_be_made() -> None:
    """RFC 5321 4.5.3.1.7, .8: limits below what every server must take."""
    for unlawful in ({"message_size_octets_max": 65_535}, {"recipients_max": 99}):
        with pytest.raises(ValueError, match="must be at least"):
            ServerSettings("", **unlawful)
