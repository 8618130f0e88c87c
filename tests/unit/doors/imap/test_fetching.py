"""FETCH: every item, every section, partials, and what reading a body does (RFC 3501 6.4.5, 7.4.2)."""

import pytest

from posthouse.doors.imap import fetching
from posthouse.doors.imap.fetching import needs_of
from posthouse.doors.imap.pages import PAGE_MESSAGES_MAX, PAGE_OCTETS_MAX
from posthouse.protocol.imap.fetch_items import FetchItem, parse_fetch_items
from posthouse.protocol.imap.lexer import Lexer
from posthouse.store.placements import DELETED, SEEN
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import ADA, PREFIX, SMALL, House

INNER = (
    b"From: inner@example.net\r\nSubject: inside\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n"
    b"--in\r\nContent-Type: text/plain\r\n\r\nplain inside\r\n"
    b"--in\r\nContent-Type: text/html\r\nContent-ID: <h@x>\r\n\r\n<p>html inside\r\n--in--\r\n"
)
NESTED = (
    b"From: outer@example.net\r\nTo: ada@example.org\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nX-Odd: 1\r\nX-Odd: 2\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\npreamble\r\n"
    b"--out\r\nContent-Type: text/plain; charset=utf-8\r\nX-Part: one\r\n\r\nfirst part\r\n"
    b"--out\r\nContent-Type: message/rfc822\r\nContent-Description: forwarded\r\n\r\n" + INNER
    + b"\r\n--out\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
    b"--out--\r\n"
)  # fmt: skip
HEADER, _, BODY = NESTED.partition(b"\r\n\r\n")
HEADER = PREFIX + HEADER + b"\r\n\r\n"


@pytest.fixture
def client(house: House) -> ImapClient:
    house.deliver(NESTED)
    return house.selected()


# ---- sections --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "octets"),
    [
        ("BODY.PEEK[]", HEADER + BODY),
        ("BODY[]", HEADER + BODY),
        ("RFC822", HEADER + BODY),
        ("BODY.PEEK[HEADER]", HEADER),
        ("RFC822.HEADER", HEADER),
        ("BODY.PEEK[TEXT]", BODY),
        ("RFC822.TEXT", BODY),
        ("BODY.PEEK[1]", b"first part"),
        ("BODY.PEEK[1.MIME]", b"Content-Type: text/plain; charset=utf-8\r\nX-Part: one\r\n\r\n"),
        ("BODY.PEEK[2]", INNER),
        ("BODY.PEEK[2.MIME]", b"Content-Type: message/rfc822\r\nContent-Description: forwarded\r\n\r\n"),
        ("BODY.PEEK[2.HEADER]", INNER[:INNER.index(b"--in")]),
        ("BODY.PEEK[2.TEXT]", INNER[INNER.index(b"--in"):]),
        ("BODY.PEEK[2.1]", b"plain inside"),
        ("BODY.PEEK[2.2]", b"<p>html inside"),
        ("BODY.PEEK[2.2.MIME]", b"Content-Type: text/html\r\nContent-ID: <h@x>\r\n\r\n"),
        ("BODY.PEEK[2.HEADER.FIELDS (Subject)]", b"Subject: inside\r\n\r\n"),
        ("BODY.PEEK[2.HEADER.FIELDS.NOT (Content-Type)]", b"From: inner@example.net\r\nSubject: inside\r\n\r\n"),
        ("BODY.PEEK[3]", b"AAEC"),
    ],
)
def test_sections(client: ImapClient, item: str, octets: bytes) -> None:
    """RFC 3501 6.4.5: part numbers, and the words that may stand behind one."""
    assert client.fetched(1, item) == octets


@pytest.mark.parametrize(
    "item", ["4", "1.1", "1.HEADER", "1.TEXT", "2.3", "2.1.1", "9.9.9.9", "4294967295", "1.HEADER.FIELDS (From)"]
)
def test_a_section_that_is_not_there_is_nil(client: ImapClient, item: str) -> None:
    """RFC 3501 7.4.2: an nstring; a mail program can be wrong about a message without losing the others."""
    assert client.fetched(1, f"BODY.PEEK[{item}]") is None


def test_a_message_that_is_no_multipart_has_a_part_1(house: House) -> None:
    """RFC 3501 6.4.5: every message has at least one part number."""
    house.deliver(SMALL)
    client = house.selected()
    assert client.fetched(1, "BODY.PEEK[1]") == b"Good day.\r\n"
    header = PREFIX + SMALL[:SMALL.index(b"\r\n\r\n") + 4]
    assert client.fetched(1, "BODY.PEEK[1.MIME]") == header
    assert client.fetched(1, "BODY.PEEK[2]") is None


@pytest.mark.parametrize(
    ("partial", "expected"),
    [("<0.5>", BODY[:5]), ("<5.5>", BODY[5:10]), ("<0.4294967295>", BODY), (f"<{len(BODY)}.10>", b""),
     ("<4294967295.1>", b""), (f"<{len(BODY) - 1}.10>", b"\n")],
)  # fmt: skip
def test_partials_are_cut_where_the_section_ends(client: ImapClient, partial: str, expected: bytes) -> None:
    """RFC 3501 6.4.5: the origin octet is told; beyond the end there is an empty string."""
    assert client.fetched(1, f"BODY.PEEK[TEXT]{partial}") == expected


def test_partials_of_header_fields(client: ImapClient) -> None:
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (To)]<4.3>") == b"ada"
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS.NOT (To)]<0.11>") == b"Return-Path"
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (To)]<1000.3>") == b""


def test_header_fields_come_in_the_messages_order_and_spelling(client: ImapClient) -> None:
    """RFC 3501 6.4.5: names match without regard to case; the delimiting empty line is always there."""
    asked = "BODY.PEEK[HEADER.FIELDS (SUBJECT from X-ODD nothing)]"
    assert client.fetched(1, asked) == (
        b"From: outer@example.net\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nX-Odd: 1\r\nX-Odd: 2\r\n\r\n"
    )
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (nothing)]") == b"\r\n"
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (From)]") == b"From: outer@example.net\r\n\r\n"


def test_usual_fields_and_others_are_found_alike(client: ImapClient) -> None:
    """One answer comes from what is kept ready, the other from the message itself."""
    ready = client.fetched(1, "BODY.PEEK[HEADER.FIELDS (From To)]")
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (From To Absent-Field)]") == ready
    assert client.fetched(1, "BODY.PEEK[HEADER.FIELDS (Return-Path)]") == b"Return-Path: <eve@example.net>\r\n\r\n"


def test_labels_are_those_that_were_asked_for(client: ImapClient) -> None:
    """RFC 3501 7.4.2: PEEK is not part of the answer, the origin is, its length is not."""
    answered = client.do("FETCH 1 (BODY.PEEK[2.header.fields (subject to)]<0.7> BODY.PEEK[TEXT]<2.3> rfc822.size)")
    [line] = answered.untagged
    assert line.startswith(b"* 1 FETCH (BODY[2.HEADER.FIELDS (subject to)]<0> {7}\r\nSubject BODY[TEXT]<2> {3}\r\neam ")
    assert line.endswith(b"RFC822.SIZE %d)" % len(PREFIX + NESTED))


def test_a_field_name_with_a_percent_sign_is_no_format(house: House) -> None:
    house.deliver(b"100%d: yes\r\n\r\n")
    assert house.selected().fetched(1, 'BODY.PEEK[HEADER.FIELDS ("100%d")]') == b"100%d: yes\r\n\r\n"


# ---- other items -----------------------------------------------------------------------------------------------------


def test_envelope(client: ImapClient) -> None:
    """RFC 3501 7.4.2: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id."""
    outer = b'(NIL NIL "outer" "example.net")'
    assert client.fetched(1, "ENVELOPE") == (
        b'(NIL "=?utf-8?q?gr=C3=BCn?=" (%b) (%b) (%b) ((NIL NIL "ada" "example.org")) NIL NIL NIL NIL)'
        % (outer, outer, outer)
    )


def test_body_is_bodystructure_without_extensions(client: ImapClient) -> None:
    """RFC 3501 7.4.2: a nested message brings its envelope, structure and lines."""
    inner = (
        b'("message" "rfc822" NIL NIL "forwarded" "7bit" %d (NIL "inside" ((NIL NIL "inner" "example.net"))'
        b' ((NIL NIL "inner" "example.net")) ((NIL NIL "inner" "example.net")) NIL NIL NIL NIL NIL)'
        b' (("text" "plain" NIL NIL NIL "7bit" 12 1)("text" "html" NIL "<h@x>" NIL "7bit" 14 1) "alternative") %d)'
        % (len(INNER), INNER.count(b"\n"))
    )
    body = client.fetched(1, "BODY")
    assert body is not None
    assert body.lower() == (
        b'(("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 1)' + inner
        + b'("application" "octet-stream" NIL NIL NIL "base64" 4) "mixed")'
    ).lower()  # fmt: skip
    structure = client.fetched(1, "BODYSTRUCTURE")
    assert structure is not None and b'"mixed" ("boundary" "out")' in structure.lower()


def test_size_is_what_the_account_sees(client: ImapClient) -> None:
    assert client.fetched(1, "RFC822.SIZE") == b"%d" % len(PREFIX + NESTED)


def test_the_internal_date_has_its_zone(client: ImapClient) -> None:
    """RFC 3501 2.3.3."""
    assert client.fetched(1, "INTERNALDATE") == b'"21-Sep-2026 16:13:20 +0200"'


@pytest.mark.parametrize(
    ("macro", "items"),
    [
        ("FAST", ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]),
        ("ALL", ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"]),
        ("FULL", ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]),
    ],
)
def test_macros(client: ImapClient, macro: str, items: list[str]) -> None:
    """RFC 3501 6.4.5."""
    assert client.do(f"FETCH 1 {macro}").untagged == client.do(f"FETCH 1 ({' '.join(items)})").untagged


@pytest.mark.parametrize(
    "arguments",
    ["1", "1 ()", "1 (FAST)", "1 NONSENSE", "1 BODY[", "1 BODY[MIME]", "1 BODY[3.MIME.1]", "1 BODY[0]", "1 BODY[1..2]",
     "1 BODY[]<0.0>", "1 BODY[]<0>", "1 BODY[HEADER.FIELDS ()]", "1 BODY[HEADER.FIELDS]", "0 FLAGS", "a FLAGS",
     "1: FLAGS", "1,, FLAGS", "4294967296 FLAGS", "1 (FLAGS UID", "1 FLAGS UID", "1 (FLAGS  UID)", "1 BODY.PEEK",
     "-1 FLAGS"],
)  # fmt: skip
def test_what_is_no_fetch_is_bad(client: ImapClient, arguments: str) -> None:
    assert client.do(f"FETCH {arguments}").is_bad
    assert client.do("NOOP").is_ok


# ---- which messages --------------------------------------------------------------------------------------------------


def fetched_numbers(client: ImapClient, command: str) -> list[int]:
    answered = client.do(command)
    assert answered.is_ok, answered
    return [int(line.split()[1]) for line in answered.about(b"FETCH")]


@pytest.fixture
def five(house: House) -> ImapClient:
    """A mailbox whose five messages have the UIDs 2 to 6."""
    house.deliver(SMALL, bits=DELETED)
    house.deliver(SMALL, SMALL, SMALL, SMALL, SMALL)
    client = house.selected()
    assert client.do("EXPUNGE").untagged == [b"* 1 EXPUNGE"]
    return client


@pytest.mark.parametrize(
    ("numbers", "found"),
    [("1", [1]), ("*", [5]), ("1:*", [1, 2, 3, 4, 5]), ("*:1", [1, 2, 3, 4, 5]), ("2:4", [2, 3, 4]), ("4:2", [2, 3, 4]),
     ("5,1,3", [1, 3, 5]), ("1,1,1:2", [1, 2]), ("4,*", [4, 5]), ("*:*", [5])],
)  # fmt: skip
def test_sequence_numbers(five: ImapClient, numbers: str, found: list[int]) -> None:
    """RFC 3501 9: sets may be in any order, and hold a message twice, which is told once."""
    assert fetched_numbers(five, f"FETCH {numbers} FLAGS") == found


@pytest.mark.parametrize("numbers", ["6", "1:6", "1,99", "4294967295"])
def test_a_sequence_number_that_is_not_there_is_bad(five: ImapClient, numbers: str) -> None:
    """RFC 3501 9: the server should respond with BAD to one that is greater than the number of messages."""
    assert five.do(f"FETCH {numbers} FLAGS").is_bad


@pytest.mark.parametrize(
    ("uids", "found"),
    [("2", [1]), ("6", [5]), ("1", []), ("7", []), ("1:3", [1, 2]), ("*", [5]), ("7:*", [5]), ("4294967295:*", [5]),
     ("1:4294967295", [1, 2, 3, 4, 5]), ("3,1,9,5", [2, 4])],
)  # fmt: skip
def test_uids_that_are_not_there_are_passed_over(five: ImapClient, uids: str, found: list[int]) -> None:
    """RFC 3501 6.4.8: a non-existent UID is ignored without any error; 559:* always has the last message."""
    answered = five.do(f"UID FETCH {uids} FLAGS")
    assert answered.is_ok
    assert answered.untagged == [b"* %d FETCH (UID %d FLAGS (\\Recent))" % (number, number + 1) for number in found]


def test_uid_fetch_tells_the_uid_once(five: ImapClient) -> None:
    assert five.do("UID FETCH 3 (FLAGS UID)").untagged == [b"* 2 FETCH (FLAGS (\\Recent) UID 3)"]
    assert five.do("FETCH 2 (UID UID)").untagged == [b"* 2 FETCH (UID 3)"]


def test_an_empty_mailbox_has_nothing_to_fetch(ada: ImapClient) -> None:
    ada.do("SELECT Sent")
    for command in ("FETCH 1:* FLAGS", "FETCH * FLAGS", "UID FETCH 1:* FLAGS", "UID FETCH 7 FLAGS"):
        answered = ada.do(command)
        assert answered.is_ok and answered.untagged == []
    assert ada.do("FETCH 1 FLAGS").is_bad


# ---- \Seen -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item", ["BODY[]", "BODY[TEXT]", "BODY[1]", "BODY[HEADER]", "BODY[]<0.1>", "RFC822", "RFC822.TEXT"]
)
def test_reading_sets_seen_and_tells_it(client: ImapClient, item: str) -> None:
    """RFC 3501 6.4.5: implicitly set; when this changes the flags they are told."""
    answered = client.do(f"FETCH 1 {item}")
    assert answered.is_ok
    assert answered.untagged[-1] == b"* 1 FETCH (FLAGS (\\Recent \\Seen))"
    assert len(client.do(f"FETCH 1 {item}").untagged) == 1


@pytest.mark.parametrize("item", ["BODY.PEEK[]", "RFC822.HEADER", "BODY.PEEK[1]", "ENVELOPE", "BODY", "BODYSTRUCTURE"])
def test_peeking_sets_nothing(client: ImapClient, item: str) -> None:
    client.do(f"FETCH 1 {item}")
    assert b"\\Seen" not in client.flags(1)


def test_every_response_that_uid_fetch_causes_has_the_uid(client: ImapClient) -> None:
    """RFC 3501 6.4.8: MUST be included in any FETCH response caused by a UID command; that of \\Seen is one."""
    answered = client.do("UID FETCH 1 BODY[1]")
    assert answered.untagged == [
        b"* 1 FETCH (UID 1 BODY[1] {10}\r\nfirst part)",
        b"* 1 FETCH (UID 1 FLAGS (\\Recent \\Seen))",
    ]


def test_what_another_session_made_unseen_is_seen_again_by_reading(house: House) -> None:
    """Whether or not the reader was told meanwhile."""
    house.deliver(SMALL, bits=SEEN)
    reader, other = house.selected(), house.selected()
    other.do("STORE 1 -FLAGS (\\Seen)")
    reader.do("FETCH 1 BODY[]")
    assert other.flags(1) == {b"\\Seen"}


def test_another_session_hears_that_a_message_was_read(house: House) -> None:
    house.deliver(SMALL)
    reader, other = house.selected(), house.selected()
    reader.do("FETCH 1 BODY[]")
    assert other.do("NOOP").untagged == [b"* 1 FETCH (FLAGS (\\Seen))"]
    assert other.do("STATUS INBOX (UNSEEN)").untagged == [b"* STATUS INBOX (UNSEEN 0)"]


# ---- pages and streams -----------------------------------------------------------------------------------------------


def test_more_messages_than_a_page_come_in_order_each_once(house: House) -> None:
    count = 2 * PAGE_MESSAGES_MAX + 1
    house.fill(count)
    client = house.selected()
    assert fetched_numbers(client, "FETCH 1:* (FLAGS UID)") == list(range(1, count + 1))
    assert fetched_numbers(client, "FETCH 1:* ENVELOPE") == list(range(1, count + 1))
    assert fetched_numbers(client, "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From)] UID)") == list(range(1, count + 1))
    odd = list(range(1, count + 1, 2))
    assert fetched_numbers(client, f"FETCH {','.join(map(str, odd))} (UID RFC822.SIZE)") == odd


def long_message(octets: int) -> bytes:
    line = b"0123456789abcdef" * 4 + b"\r\n"
    return b"Subject: long\r\n\r\n" + line * (octets // len(line))


@pytest.mark.parametrize("octets", [200_000, 300_000, PAGE_OCTETS_MAX - 100, PAGE_OCTETS_MAX + 100, 3_500_000])
def test_long_messages_come_whole(house: House, octets: int) -> None:
    """In the row up to 256 KiB, in a file beyond, streamed when longer than a page: it makes no difference."""
    message = long_message(octets)
    house.deliver(SMALL, message, SMALL)
    client = house.selected()
    [_, found, _] = client.do("FETCH 1:* (UID BODY.PEEK[] RFC822.SIZE)").untagged
    whole = PREFIX + message
    assert found == b"* 2 FETCH (UID 2 BODY[] {%d}\r\n%b RFC822.SIZE %d)" % (len(whole), whole, len(whole))
    assert client.fetched(2, f"BODY.PEEK[TEXT]<{octets - 2000}.1000>") == message[17:][octets - 2000:][:1000]
    assert client.fetched(2, "BODY.PEEK[HEADER]") == PREFIX + b"Subject: long\r\n\r\n"
    assert client.fetched(2, "BODY.PEEK[7]") is None
    assert client.fetched(2, "BODY.PEEK[HEADER.FIELDS (Subject Return-Path)]").count(b"\r\n") == 3
    answered = client.do("FETCH 2 (BODY[2] FLAGS BODY[TEXT]<0.3>)")
    assert answered.untagged[0] == b"* 2 FETCH (BODY[2] NIL FLAGS (\\Recent) BODY[TEXT]<0> {3}\r\n012)"


# ---- when something goes wrong ---------------------------------------------------------------------------------------


def lose_files(house: House) -> None:
    for file in (house.path / "blobs").rglob("*"):
        if file.is_file():
            file.unlink()


def test_a_message_that_cannot_be_read_is_refused_and_the_session_goes_on(house: House) -> None:
    house.deliver(long_message(300_000), SMALL)
    client = house.selected()
    lose_files(house)
    assert client.do("FETCH 1 BODY.PEEK[]").code == b"UNAVAILABLE"
    assert client.fetched(2, "BODY.PEEK[TEXT]") == b"Good day.\r\n"
    assert client.do("FETCH 1 (ENVELOPE FLAGS)").is_ok


def test_a_message_lost_in_the_middle_of_its_response_ends_the_connection(house: House) -> None:
    """Nothing can be said inside a literal, and no tagged response inside a line, that would not be taken for data."""
    house.deliver(long_message(3_000_000))
    client = house.selected()
    lose_files(house)
    client.begin("FETCH 1 (UID BODY.PEEK[])")
    with pytest.raises((EOFError, ConnectionResetError)):
        client.response()


def test_reading_does_not_fail_because_seen_cannot_be_kept(house: House) -> None:
    """The mailbox was deleted under the session; its messages can still be read (RFC 2180 3.3)."""
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    client.append(SMALL, "x")
    client.do("SELECT x")
    other.do("DELETE x")
    answered = client.do("FETCH 1 BODY[TEXT]")
    assert answered.is_ok and answered.untagged == [b"* 1 FETCH (BODY[TEXT] {11}\r\nGood day.\r\n)"]


def test_what_another_session_expunged_can_be_read_until_it_is_told(house: House) -> None:
    """RFC 2180 4.1.1: FETCH of an expunged message is answered as if it stood there."""
    house.deliver(SMALL, SMALL)
    client, other = house.selected(), house.selected()
    other.do("STORE 1 +FLAGS.SILENT (\\Deleted)")
    other.do("EXPUNGE")
    answered = client.do("FETCH 1:2 (UID BODY.PEEK[TEXT])")
    assert answered.is_ok
    assert [b"UID 1 " in answered.untagged[0], b"UID 2 " in answered.untagged[1]] == [True, True]
    assert client.do("NOOP").untagged == [b"* 1 EXPUNGE"]
    assert client.fetched(1, "UID") == b"2"


def test_an_account_that_was_not_asked_sees_no_message_of_another(house: House) -> None:
    house.deliver(SMALL, bits=SEEN, where=house.inbox(ADA))
    bob = house.logged_in("bob@example.org")
    bob.do("SELECT INBOX")
    assert bob.do("UID FETCH 1:* BODY[]").untagged == []


def test_flags_are_named_in_the_loop_though_the_message_is_read_on_a_thread(house: House) -> None:
    """The loop's reader belongs to the loop: a keyword that is new since must not be looked up beside it."""
    house.deliver(SMALL + b"x" * 400_000 + b"\r\n")    # in a file
    reader, writer = house.selected(), house.logged_in()
    assert writer.append(SMALL, "Sent", "($New)").is_ok    # the names are forgotten
    assert reader.do("FETCH 1 (FLAGS BODY.PEEK[]<0.10>)").is_ok
    assert not house.complaints


def test_only_short_lists_of_items_are_remembered() -> None:
    """Else a few commands would fill memory for ever, whoever sent them."""

    def asked(octets: int) -> tuple[FetchItem, ...]:
        names = b" ".join(b"x%07d" % number for number in range(octets // 9))
        return parse_fetch_items(Lexer(b"(FLAGS BODY[HEADER.FIELDS (%b)])" % names))

    remembered = fetching._remembered_needs.cache_info().currsize
    assert needs_of(asked(5_000)).messages
    assert fetching._remembered_needs.cache_info().currsize == remembered
    assert needs_of(asked(450)).messages
    assert fetching._remembered_needs.cache_info().currsize == remembered + 1
