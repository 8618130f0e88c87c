"""SEARCH is exact (RFC 3501 6.4.4), in decoded text of all charsets: every key alone, and any tree of keys against the
naive evaluation that the standard library makes possible."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import INLINE_OCTETS_MAX, Spooled
from posthouse.database.identifiers import Uid
from posthouse.database.transaction import Transaction
from posthouse.delivery.examination import examine
from posthouse.delivery.rendition import render, sent_date
from posthouse.doors.imap.flag_names import SYSTEM_BITS
from posthouse.doors.imap.search_reading import OCTETS_A_PAGE, Found
from posthouse.doors.imap.searching import Breath, Searching, Step
from posthouse.doors.imap.selected import Selected
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.view import View, read
from posthouse.protocol.imap import flags
from posthouse.protocol.imap.commands import Numbering
from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.lexer import Lexer
from posthouse.protocol.imap.search_keys import (
    And,
    BodyContains,
    Everything,
    HasFlag,
    HeaderContains,
    InSequence,
    InUids,
    Larger,
    Not,
    Or,
    Received,
    SearchKey,
    Sent,
    Smaller,
    TextContains,
    When,
)
from posthouse.protocol.imap.search_parser import parse_search_key
from posthouse.protocol.imap.sequence_set import SequenceSet
from posthouse.runtime.disk import SystemDisk
from posthouse.store.listing import Chunk, Listing
from posthouse.store.mailboxes import INBOX_ID, get_mailbox
from posthouse.store.messages import NewMessage, append, expunge
from posthouse.store.opened import OpenMailboxes
from posthouse.store.placements import DELETED
from search_oracle import KnownMessage, finds
from searched_mail import FOUND, MAIL, NOT_FOUND, letter
from small_store import ALICE, INBOX, NOON, Store

VECTORS: Final = Path(__file__).parents[5] / "shared/vectors/mime"
PREFIX: Final = b"Return-Path: <eve@example.net>\r\nDelivered-To: alice@example.org\r\n"
JUNK, LATER = Flag("$Junk"), Flag("later")
KEYWORD_BITS: Final = {JUNK: 1 << 8, LATER: 1 << 70}
BITS: Final = {**SYSTEM_BITS, **KEYWORD_BITS}

FLAG_SETS: Final = (
    frozenset({flags.SEEN}), frozenset(), frozenset({flags.SEEN, flags.ANSWERED, JUNK}),
    frozenset({flags.FLAGGED, LATER}), frozenset({flags.DELETED, flags.SEEN}), frozenset({flags.DRAFT}),
    frozenset({JUNK, LATER}),
)  # fmt: skip
# Around midnight in several zones: 1994-02-01 00:00 UTC is 760,060,800 seconds.
OFFSETS: Final = ((0, 0), (-1, 0), (0, -60), (-1, 1), (3600, -90), (-50_400, 840), (43_200, -720), (90_000, 330))
RECEIVED: Final = tuple(((760_060_800 + seconds) * 1_000_000, zone) for seconds, zone in OFFSETS)
DATES: Final = (
    "Tue, 1 Feb 1994 00:00:00 +0000", "Mon, 31 Jan 1994 23:59:59 -0800", "Tue, 1 Feb 1994 00:00:01 +1400",
    "Mon, 31 Jan 1994 23:59:59 -1200", "Wed, 2 Feb 1994 00:30 EST", "1 Feb 94 12:00 GMT", "no date",
    "Fri, 4 Feb 2050 04:05:06 +0100",
)  # fmt: skip


class Searched:
    """A mailbox with messages that are known, in chunks of seven."""

    def __init__(self, path: Path, octets: list[bytes]) -> None:
        self.store = Store(path)
        self.store.account(ALICE)
        self.disk = SystemDisk(path)
        self.messages: list[KnownMessage] = []
        self.recent_from = Uid(0)
        self.store.write(self._fill, octets)
        self.mailbox = self.store.read(get_mailbox, ALICE, "INBOX")
        self.opened = OpenMailboxes(self.store.database).get(ALICE, INBOX_ID)
        self.opened.listing = in_chunks(self.opened.listing, 7)

    def _fill(self, tx: Transaction, octets: list[bytes]) -> None:
        for number, stored in enumerate(octets, 1):
            held = FLAG_SETS[number % len(FLAG_SETS)]
            at, zone = RECEIVED[number % len(RECEIVED)]
            uid, seen = deliver(tx, stored, PREFIX if number % 2 else b"", sum(BITS[flag] for flag in held), at, zone)
            self.messages.append(KnownMessage(seen, number, uid, held, False, at, zone))
        self.recent_from = Uid(self.messages[-4].uid)
        for message in self.messages[-4:]:
            message.is_recent = True

    def selected(self) -> Selected:
        return Selected(INBOX, self.mailbox, self.opened, read_only=True, recent_from=self.recent_from)

    def search(self, key: SearchKey, numbering: Numbering = Numbering.SEQUENCE) -> list[int]:
        return self.search_in(self.selected(), key, numbering)

    def search_in(self, selected: Selected, key: SearchKey, numbering: Numbering = Numbering.SEQUENCE) -> list[int]:
        run = Searching(selected, key, numbering, KEYWORD_BITS, self.disk).run()
        found: Found = []
        try:
            step = next(run)
            while True:
                found = [] if isinstance(step, Breath) else self.store.read(step.read)
                step = run.send(found)
        except StopIteration as end:
            numbers: list[int] = end.value
            return numbers

    def expected(self, key: SearchKey) -> list[int]:
        last = self.messages[-1]
        return [one.number for one in self.messages if finds(key, one, len(self.messages), last.uid)]


def deliver(
    tx: Transaction, octets: bytes, prefix: bytes = b"", bits: int = 0, at: int = NOON, zone: int = 0
) -> tuple[Uid, bytes]:
    """Keep a message as a delivery does; its UID, and what its account sees."""
    examined = examine(octets)
    view = View.separated(examined.section, len(octets)).with_prefix(prefix)
    wire = render(examined.section, examined.root)
    blob_id = add_blob(tx, Spooled(octets, b"\0" * 32, None), 1)
    sent = sent_date(examined.section) or Instant(at)
    message = NewMessage(blob_id, None, view.encode(), view.size_octets, sent, wire)
    uid = append(tx, INBOX, message, ZonedInstant(Instant(at), zone), bits, NOON)
    return uid, read(view, 0, view.size_octets, lambda offset, length: octets[offset:offset + length])


def in_chunks(listing: Listing, messages: int) -> Listing:
    """The same listing, cut otherwise."""
    chunks = []
    for chunk in listing.chunks:
        for start in range(0, len(chunk), messages):
            part = chunk.placements.part(start, start + messages)
            chunks.append(Chunk(Uid(part.uids[0]), part, chunk.modseqs[start:start + messages]))
    return Listing.of(listing.modseq, chunks)


def dated(header: str) -> bytes:
    return letter(b"dated", b"dated\n", date=f"Date: {header}\r\n".encode())


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searched]:
    filled = Searched(tmp_path_factory.mktemp("searched"), [*MAIL, *(dated(header) for header in DATES)])
    yield filled
    filled.store.close()


def key_of(text: str) -> SearchKey:
    return parse_search_key(Lexer(text.encode()))


# ---- every key -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1:*", "2,4:7,9,12:*", "*", "*:4", "ALL", "ANSWERED", 'BCC "x"', "BEFORE 1-Feb-1994", 'BODY "meet at"',
        'CC "fred"', "DELETED", "DRAFT", "FLAGGED", 'FROM "Smith"', 'HEADER x-odd "third"', 'HEADER "X-Odd" ""',
        'HEADER Message-ID ""', 'HEADER Return-Path "eve"', 'HEADER Delivered-To ""', "KEYWORD $Junk", "KEYWORD later",
        "KEYWORD unknown", "LARGER 500", "NEW", "NOT SEEN", "OLD", "ON 1-Feb-1994", 'OR FROM "nobody" SEEN', "RECENT",
        "SEEN", "SENTBEFORE 1-Feb-1994", "SENTON 1-Feb-1994", "SENTSINCE 1-Feb-1994", "SINCE 1-Feb-1994", "SMALLER 500",
        'SUBJECT "afternoon meeting"', 'TEXT "tomorrow"', 'TO "ada"', "UID 1:3,7,40:*", "UNANSWERED", "UNDELETED",
        "UNDRAFT", "UNFLAGGED", "UNKEYWORD $Junk", "UNKEYWORD unknown", "UNSEEN",
        # RFC 3501's own examples
        'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"', 'TEXT "string not in mailbox"', 'CHARSET UTF-8 TEXT "Привет"',
        'OR (FROM "Smith" UNSEEN) (NOT TEXT "tomorrow" LARGER 300)',
    ],
)  # fmt: skip
def test_each_key_finds_what_it_says(searched: Searched, text: str) -> None:
    """RFC 3501 6.4.4, each search key."""
    key = key_of(text)
    assert searched.search(key) == searched.expected(key)


@pytest.mark.parametrize(
    "key",
    [key for word in (*FOUND, *NOT_FOUND) for key in (
        TextContains(word), BodyContains(word), HeaderContains(b"subject", word), HeaderContains(b"from", word),
        HeaderContains(b"x-odd", word),
    )],
    ids=repr,
)  # fmt: skip
def test_each_word_is_found_where_it_stands(searched: Searched, key: SearchKey) -> None:
    """RFC 3501 6.4.4: a substring, without regard to case, of decoded text."""
    assert searched.search(key) == searched.expected(key)


def test_the_words_are_where_they_are_said_to_be(searched: Searched) -> None:
    """So that the test before this one shows something."""
    assert all(searched.expected(TextContains(word)) for word in FOUND)
    assert not any(searched.expected(TextContains(word)) for word in NOT_FOUND)


@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize("day", [date(1994, 1, 31), date(1994, 2, 1), date(1994, 2, 2), date.min, date.max])
def test_days_are_those_that_the_dates_name(searched: Searched, when: When, day: date) -> None:
    """RFC 3501 6.4.4: time and zone are disregarded."""
    for key in (Received(when, day), Sent(when, day)):
        assert searched.search(key) == searched.expected(key)


def test_uids_are_told_when_they_are_asked_for(tmp_path: Path) -> None:
    """RFC 3501 6.4.8: UID SEARCH answers with UIDs."""
    searched = Searched(tmp_path, [letter(b"%d" % number, b"") for number in range(9)])
    searched.store.mark(INBOX, DELETED, (2, 4))
    searched.store.write(expunge, INBOX, searched.store.listing(), ((1, 9),), NOON)
    searched.opened.listing = searched.store.listing()
    left = [1, 5, 6, 7, 8, 9]
    assert searched.search(Everything(), Numbering.UID) == left
    assert searched.search(TextContains("smith"), Numbering.UID) == left
    assert searched.search(InUids(SequenceSet(((2, 6),)))) == [2, 3]
    searched.store.close()


def test_an_empty_mailbox_has_nothing(tmp_path: Path) -> None:
    with_one = Searched(tmp_path, [letter(b"", b"")] * 4)
    with_one.opened.listing = Listing.of(with_one.opened.listing.modseq, ())
    for text in ("ALL", "1:*", "UID 1:*", "TEXT x", "NOT TEXT x", "SENTON 1-Feb-1994"):
        assert with_one.search(key_of(text)) == []
    with_one.store.close()


# ---- any tree of keys ------------------------------------------------------------------------------------------------

WORDS = st.sampled_from([*FOUND, *NOT_FOUND])
NUMBERS = st.integers(1, len(MAIL) + len(DATES) + 3)
SETS = st.lists(st.tuples(NUMBERS, NUMBERS).map(lambda ends: (min(ends), max(ends))), min_size=1, max_size=3).map(
    lambda ranges: SequenceSet(tuple(ranges))
)
DAYS = st.dates(date(1994, 1, 30), date(1994, 2, 8))
FIELDS = st.sampled_from([b"subject", b"from", b"to", b"cc", b"date", b"x-odd", b"x-empty", b"return-path",
                          b"x-none", b"content-type", b"", b"sub", b"x odd", b"x-odd:"])  # fmt: skip
LEAVES = st.one_of(
    st.just(Everything()),
    st.builds(InSequence, SETS),
    st.builds(InUids, SETS),
    st.builds(HasFlag, st.sampled_from([*flags.SYSTEM_FLAGS, flags.RECENT, JUNK, LATER, Flag("unknown")])),
    st.builds(HeaderContains, FIELDS, WORDS),
    st.builds(BodyContains, WORDS),
    st.builds(TextContains, WORDS),
    st.builds(Received, st.sampled_from(When), DAYS),
    st.builds(Sent, st.sampled_from(When), DAYS),
    st.builds(Larger, st.integers(0, 2000)),
    st.builds(Smaller, st.integers(0, 2000)),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda keys: And(tuple(keys))),
        st.builds(Or, inner, inner),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(key=TREES)
def test_any_tree_of_keys_finds_what_the_naive_evaluation_finds(searched: Searched, key: SearchKey) -> None:
    assert searched.search(key) == searched.expected(key)
    uids = {message.number: message.uid for message in searched.messages}
    assert searched.search(key, Numbering.UID) == [uids[number] for number in searched.expected(key)]


# ---- what is read ----------------------------------------------------------------------------------------------------


def reads_of(searched: Searched, text: str) -> tuple[list[int], list[str]]:
    """What a search finds, and what each of its steps reads."""
    run = Searching(searched.selected(), key_of(text), Numbering.SEQUENCE, KEYWORD_BITS, searched.disk).run()
    kinds = []
    try:
        step = next(run)
        while True:
            assert isinstance(step, Step)
            kinds.append(type(step.read.func.__self__).__name__)    # type: ignore[attr-defined]
            step = run.send(searched.store.read(step.read))
    except StopIteration as end:
        return end.value, kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("UNSEEN SINCE 1-Feb-1994", set()),
        ("SENTSINCE 1-Jan-1990", set()),                       # no message is near to that day
        ("KEYWORD unknown TEXT hello", set()),
        ("OR ALL TEXT hello", set()),
        ("NOT (UID 1:* NOT KEYWORD unknown) BODY x", set()),
        ("TEXT hello SUBJECT xyz", {"FieldsReading"}),         # no subject has it: no message is read
        ("HEADER x-odd third", {"HeaderReading"}),
        ("HEADER x-odd never BODY hello", {"HeaderReading"}),
        ("BODY hello SUBJECT afternoon", {"FieldsReading", "MessageReading"}),
    ],
)
def test_no_more_is_read_than_can_change_the_answer(searched: Searched, text: str, kinds: set[str]) -> None:
    found, read = reads_of(searched, text)
    assert found == searched.expected(key_of(text))
    assert set(read) == kinds


def test_only_messages_that_are_still_open_are_read(searched: Searched) -> None:
    """The one message whose subject is "long" decides alone: one page of fields a chunk, one message."""
    _, read = reads_of(searched, "BODY needle SUBJECT long")
    assert read.count("MessageReading") == 1


def test_a_message_is_read_once_however_many_keys_ask(searched: Searched) -> None:
    one = reads_of(searched, "TEXT qqq")[1]
    many = reads_of(searched, "OR TEXT qqq OR BODY qqq OR TEXT xxq BODY vvq")[1]
    assert one == many


def test_a_message_that_was_purged_meanwhile_holds_nothing(tmp_path: Path) -> None:
    """Another session expunged it, and its row went; the search of the others goes on."""
    searched = Searched(tmp_path, [letter(b"one %d" % number, b"body\n", b"X-Odd: 1") for number in range(10)])
    gone = searched.opened.listing.at(4).message_id
    searched.store.sql("DELETE FROM message WHERE message_id = ?", (gone,))
    left = [number for number in range(1, 11) if number != 4]
    for text in ("TEXT body", "SUBJECT one", "HEADER X-Odd 1", "SENTON 7-Feb-1994"):
        assert searched.search(key_of(text)) == left
    assert searched.search(key_of("NOT TEXT body")) == [4]
    searched.store.close()


# ---- collected mail --------------------------------------------------------------------------------------------------

WORDS_TRIED: Final = 25
OTHERWISE_READ: Final = {    # by the standard library, which is no oracle for them
    "mail-parser/eml/malformed/004.eml": "a multipart without parts is searched as text",
    "mail-parser/eml/malformed/019.eml": "delimiters in two spellings, and lines that are no fields",
    "mail-parser/eml/rfc/001.eml": "message/external-body is searched as text",
    "mail-parser/eml/rfc/008.eml": "an encapsulated message in base64 is not opened (RFC 2046 5.2.1)",
    "mail-parser/eml/thirdparty/005.eml": "UTF-16 as it stands, which does not survive line ends",
    "mail-parser/eml/thirdparty/009.eml": "message/partial is not opened",
    "mime4j/mimetools-testmsgs/multi-2gifs-base64.msg": "a multipart in base64 is not opened",
    "mime4j/mimetools-testmsgs/multi-badnames.msg": "a multipart without parts is searched as text",
    "mime4j/mimetools-testmsgs/twopart.msg": "a field without a space behind its colon",
    "mime4j/testmsgs/bad-newlines-multiple-parts-base64.msg": "an encapsulated message in base64 is not opened",
    "mime4j/testmsgs/ending-boundaries.msg": "a multipart without parts is searched as text",
    "mime4j/testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg": "a line that is no field ends no header section",
    "mime4j/testmsgs/missing-inner-start-boundary.msg": "a multipart without parts is searched as text",
    "mime4j/testmsgs/multipartnopart.msg": "a multipart without parts is searched as text",
    "mimekit/partial/rfc2046.0.eml": "message/partial is searched as text",
}


def collected() -> list[bytes]:
    """The messages that mail-parser, mime4j and MimeKit are tested with, as they would come by SMTP."""
    files = [path for path in VECTORS.rglob("*") if path.suffix in {".eml", ".msg"} and path.stat().st_size < 50_000]
    chosen = [path for path in sorted(files) if str(path.relative_to(VECTORS)) not in OTHERWISE_READ]
    return [path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path in chosen]


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared/vectors is not here")
def test_collected_mail_is_found_as_the_naive_evaluation_finds_it(tmp_path: Path) -> None:
    octets = collected()
    assert len(octets) > 80
    searched = Searched(tmp_path, octets)
    words = sorted({word for message in searched.messages for text in message.texts for word in text.split()})
    for word in words[:: len(words) // WORDS_TRIED]:
        for key in (TextContains(word), BodyContains(word), HeaderContains(b"subject", word)):
            assert searched.search(key) == searched.expected(key), word
    searched.store.close()


def test_no_message_that_lies_in_a_file_is_read_in_the_loop() -> None:
    """What is longer than a page is read on a thread, and that is all that is kept in files."""
    assert OCTETS_A_PAGE <= INLINE_OCTETS_MAX
