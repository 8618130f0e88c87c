"""DESIGN 1.2: one submitted message with a Bcc and a forged Authentication-Results, read through every door, shows
neither. Every reading function of the house is named here; one that is added belongs here too.
"""

from array import array
from collections.abc import Iterator

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.doors.control.message_answers import MessageAnswers
from posthouse.doors.control.requests import FetchMessages
from posthouse.doors.control.submitting import SubmissionLimits
from posthouse.runtime.chance import SystemChance
from posthouse.store.reading import WIRE_COLUMNS, find_messages, wire_forms
from unit.doors.imap.client import ImapClient
from unit.doors.pop3.house import body_of
from unit.doors.smtp.house import ADA, APPLICATION_PASSWORDS, BOB, FRIEND, House
from unit.doors.stage import Client

SECRET, FORGED = b"secret-friend", b"forged-verdict"
BODY = b"\r\nGood day.\r\n\r\n.\r\nBye.\r\n"
MESSAGE = (
    b"Authentication-Results: mail.example.org;\r\n\tdkim=forged-verdict\r\n"
    b"Date: Mon, 21 Sep 2026 16:00:00 +0200\r\nBcc: One <secret-friend@elsewhere.example>,\r\n bob@example.org\r\n"
    b"From: Ada <ada@example.org>\r\nResent-Bcc: secret-friend@elsewhere.example\r\nTo: team@example.org\r\n"
    b"Subject: hello\r\nBcc: secret-friend2@elsewhere.example\r\nMessage-ID: <1@example.org>\r\n"
    b"authentication-results : Mail.Example.Org 1; spf=forged-verdict\r\n" + BODY
)
SIZES = pytest.mark.parametrize("padding", [0, INLINE_OCTETS_MAX], ids=["in a row", "in a file"])

FETCH_ITEMS = (
    "ENVELOPE", "BODYSTRUCTURE", "BODY", "RFC822", "RFC822.HEADER", "RFC822.TEXT", "BODY[]", "BODY.PEEK[]",
    "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]",
    "BODY.PEEK[HEADER.FIELDS (BCC AUTHENTICATION-RESULTS RESENT-BCC)]",
    "BODY.PEEK[HEADER.FIELDS (FROM BCC SUBJECT)]", "BODY.PEEK[HEADER.FIELDS (RECEIVED AUTHENTICATION-RESULTS)]",
    "BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]", "BODY.PEEK[]<0.100000>", "BODY.PEEK[HEADER]<10.100000>",
    "BODY.PEEK[HEADER.FIELDS (BCC)]<0.100>", "ALL", "FULL",
)  # fmt: skip
SEARCHES = (
    'BCC "secret"', 'HEADER BCC ""', 'HEADER AUTHENTICATION-RESULTS ""', 'HEADER RESENT-BCC ""', 'TEXT "secret-friend"',
    'TEXT "forged-verdict"', 'BODY "secret-friend"', 'BCC "bob"',
)  # fmt: skip


def submit(house: House, padding: int) -> None:
    """Ada writes to Bob, to an alias of ours, and blindly to a friend elsewhere."""
    message = MESSAGE + (b"x" * 70 + b"\r\n") * (padding // 72)
    said = house.submitter().deliver(message, BOB, FRIEND, "secret-friend@elsewhere.example", reverse_path=ADA)
    assert said.startswith(b"250 "), said
    assert house.stored() == [message], "the bytes are the truth, and keep it all"


def shows_nothing(octets: bytes) -> bool:
    lower = octets.lower()
    return SECRET not in lower and FORGED not in lower


def imap(house: House) -> ImapClient:
    client = ImapClient(house.ports["imap"], house.certificate, None, b"")
    house.clients.append(client.socket)
    client.response()
    assert client.do(f"LOGIN {BOB} {APPLICATION_PASSWORDS[BOB]}").is_ok
    assert client.do("SELECT INBOX").is_ok
    return client


@SIZES
def test_imap_shows_neither(house: House, padding: int) -> None:
    """RFC 3501 6.4.5: each way of FETCH, partial ones included; and the sizes are those of what is seen."""
    submit(house, padding)
    client = imap(house)
    whole = client.fetched(1, "BODY.PEEK[]")
    assert whole is not None
    for item in FETCH_ITEMS:
        answered = client.do(f"FETCH 1 {item}")
        assert answered.is_ok, item
        assert shows_nothing(b"".join(answered.untagged)), item
    assert client.fetched(1, "RFC822.SIZE") == str(len(whole)).encode()
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (BCC AUTHENTICATION-RESULTS)]") == b"\r\n"
    header, text = client.fetched(1, "BODY.PEEK[HEADER]"), client.fetched(1, "BODY.PEEK[TEXT]")
    assert header is not None
    assert text is not None
    assert header + text == whole
    assert text.startswith(BODY[2:])


@SIZES
def test_every_octet_that_imap_can_cut_out_is_one_of_the_view(house: House, padding: int) -> None:
    """Partial FETCH counts in what is seen: a cut through what was left out shows no piece of it."""
    submit(house, padding)
    client = imap(house)
    whole = client.fetched(1, "BODY.PEEK[]")
    assert whole is not None
    seen_header = whole.index(b"\r\n\r\n") + 4
    for first in range(0, seen_header, 37):
        assert client.fetched(1, f"BODY.PEEK[]<{first}.40>") == whole[first : first + 40]


def test_imap_finds_neither(house: House) -> None:
    """A search that found it would show it (RFC 3501 6.4.4)."""
    submit(house, 0)
    client = imap(house)
    for search in SEARCHES:
        assert client.do(f"SEARCH {search}").about(b"SEARCH") == [b"* SEARCH"], search
    assert client.do('SEARCH TEXT "hello"').about(b"SEARCH") == [b"* SEARCH 1"]


@SIZES
def test_pop3_shows_neither(house: House, padding: int) -> None:
    """RFC 1939 5, 7: RETR and TOP; LIST gives the size of what is seen."""
    submit(house, padding)
    client = Client(house.ports["pop3"], house.certificate, None, b"")
    house.clients.append(client.socket)
    client.line()
    client.say(f"USER {BOB}", f"PASS {APPLICATION_PASSWORDS[BOB]}")
    assert [client.line()[:3], client.line()[:3]] == [b"+OK", b"+OK"]
    client.say("RETR 1")
    retrieved = body_of(client)
    client.say("TOP 1 0")
    assert retrieved.startswith(body_of(client))
    client.say("TOP 1 100000")
    assert body_of(client) == retrieved
    client.say("LIST 1")
    assert client.line() == b"+OK 1 %d" % len(retrieved)
    assert shows_nothing(retrieved)
    assert retrieved == house.inbox(BOB)[0]


def readings(house: House) -> Iterator[bytes]:
    """What every reading function of the store gives."""
    message_ids = array("q", [placement.message_id for placement in house.placements(BOB)])
    yield from house.inbox(BOB)
    for message in house.read(lambda tx: find_messages(tx, message_ids)):
        yield message.read(house.disk)
        for first in range(message.view.header_octets):
            yield message.read(house.disk, first, 64)
    for row in house.read(lambda tx: wire_forms(tx, message_ids, WIRE_COLUMNS)):
        yield from row


@SIZES
def test_the_store_shows_neither(house: House, padding: int) -> None:
    """The one view, whole and in pieces, and the forms that were made ready at delivery."""
    submit(house, padding)
    found = list(readings(house))
    assert found
    assert all(map(shows_nothing, found))


@SIZES
def test_the_next_hop_sees_neither(house: House, padding: int) -> None:
    """What is relayed is the view that was made at acceptance."""
    submit(house, padding)
    (queued,) = house.queue()
    assert queued.forward_paths == [FRIEND, "secret-friend@elsewhere.example"]
    assert shows_nothing(queued.seen)
    assert BODY in queued.seen


@SIZES
def test_the_owners_command_shows_neither(house: House, padding: int) -> None:
    """`posthouse fetch` reads as the account would."""
    submit(house, padding)
    answers = MessageAnswers(
        house.database, house.delivery, house.mailboxes, SubmissionLimits(), clock=house.clock, chance=SystemChance()
    )
    answered = house.in_loop_await(answers.answer(FetchMessages(address=BOB, mailbox="INBOX"), b""))
    assert answered.octets == house.inbox(BOB)[0]
    assert shows_nothing(answered.octets)


def test_nothing_of_it_stands_in_the_journal_or_in_the_decision(house: House) -> None:
    """A decision names the recipients for the postmaster; what the header section hid is not copied anywhere."""
    submit(house, 0)
    assert all(map(shows_nothing, house.journal_lines))
    (record,) = house.decisions()
    assert FORGED.decode() not in repr(record)
