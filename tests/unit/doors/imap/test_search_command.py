"""The SEARCH command over the wire (RFC 3501 6.4.4, 7.2.5, 6.4.8)."""

from pathlib import Path

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.store.placements import SEEN
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import SMALL, House

GREETING = (
    "From: Jürgen <j@example.net>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 21 Sep 2026 00:30:00 +0200\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nX-Odd: 1\r\n\r\nschöne Tage in Köln\r\n"
).encode()


@pytest.fixture
def client(house: House) -> ImapClient:
    house.deliver(SMALL, bits=SEEN)
    house.deliver(SMALL.replace(b"hello", b"a second one"), GREETING)
    return house.selected()


def found(client: ImapClient, arguments: str, *literals: bytes) -> list[int]:
    """The numbers that a SEARCH tells."""
    answered = client.do(arguments if "SEARCH" in arguments else f"SEARCH {arguments}", *literals)
    assert answered.is_ok, answered
    [told] = answered.about(b"SEARCH")
    return [int(number) for number in told.removeprefix(b"* SEARCH").split()]


def test_one_response_tells_what_was_found(client: ImapClient) -> None:
    client.play(
        """
        C: a1 SEARCH UNSEEN
        S: * SEARCH 2 3
        S: a1 OK ...
        C: a2 SEARCH TEXT "string not in mailbox"
        S: * SEARCH
        S: a2 OK ...
        C: a3 SEARCH SUBJECT second SINCE 1-Sep-2026
        S: * SEARCH 2
        S: a3 OK ...
        """
    )


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ("ALL", [1, 2, 3]), ("SUBJECT hello", [1]), ('BODY "good DAY"', [1, 2]), ("HEADER X-Odd 1", [3]),
        ("HEADER Return-Path eve", [1, 2, 3]), ("SENTON 21-Sep-2026", [1, 2, 3]), ("NOT SEEN BODY good", [2]),
        ("OR SUBJECT hello HEADER X-Odd 1", [1, 3]), ("RECENT", [1, 2, 3]), ("OLD", []), ("KEYWORD $Junk", []),
        ("UNKEYWORD $Junk", [1, 2, 3]), ("1,3 TEXT eve", [1, 3]), ("*", [3]),
    ],
)  # fmt: skip
def test_keys(client: ImapClient, arguments: str, numbers: list[int]) -> None:
    assert found(client, arguments) == numbers


def test_strings_in_the_charset_that_is_named(client: ImapClient) -> None:
    """RFC 3501 6.4.4: [CHARSET]; the text it is compared with is in any other."""
    assert found(client, "SEARCH CHARSET UTF-8 BODY {5}", "köln".encode()) == [3]
    assert found(client, "SEARCH CHARSET ISO-8859-1 SUBJECT {5}", "GRÜßE".encode("latin-1")) == [3]
    assert found(client, "SEARCH CHARSET KOI8-R BODY x") == []


def test_a_charset_that_is_not_known_is_refused_by_name(client: ImapClient) -> None:
    answered = client.do("SEARCH CHARSET X-NONE TEXT x")
    assert answered.is_no
    assert answered.code.startswith(b"BADCHARSET (UTF-8 ")


def test_a_sequence_number_that_is_not_there_is_an_error(client: ImapClient) -> None:
    """RFC 3501 9, seq-number: the server should answer BAD; a UID that is not there finds nothing."""
    assert client.do("SEARCH 4").is_bad
    assert client.do("SEARCH NOT (OR UID 1 2:17)").is_bad
    assert client.do("UID SEARCH 4").is_bad
    assert found(client, "UID 4") == []


def test_an_empty_mailbox_has_no_numbers_to_be_wrong_about(house: House) -> None:
    client = house.selected()
    assert found(client, "1:*") == []
    assert found(client, "TEXT x") == []


def test_uid_search_tells_uids(client: ImapClient) -> None:
    """RFC 3501 6.4.8: the numbers in the response are UIDs."""
    client.do(r"STORE 1 +FLAGS.SILENT (\Deleted)")
    client.do("EXPUNGE")
    assert found(client, "UID SEARCH ALL") == [2, 3]
    assert found(client, "UID SEARCH TEXT second") == [2]
    assert found(client, "TEXT second") == [1]
    assert found(client, "UID SEARCH UID 3:*") == [3]


def test_keywords_are_found_in_any_case(client: ImapClient) -> None:
    client.do("STORE 2 +FLAGS.SILENT (Later)")
    assert found(client, "KEYWORD LATER") == [2]
    assert found(client, "UNKEYWORD later") == [1, 3]
    assert found(client, "KEYWORD later NOT KEYWORD never") == [2]


def test_what_another_session_expunged_is_still_searched(house: House, client: ImapClient) -> None:
    """RFC 3501 7.4.1: EXPUNGE is not said during SEARCH, so the number stands, and RFC 2180 4.1 wants it readable."""
    other = house.selected()
    other.do(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    other.do("EXPUNGE")
    answered = client.do("SEARCH TEXT second")
    assert answered.about(b"SEARCH") == [b"* SEARCH 2"]
    assert not answered.about(b"EXPUNGE")
    answered = client.do("UID SEARCH TEXT eve")
    assert answered.about(b"SEARCH") == [b"* SEARCH 1 2 3"]
    assert answered.about(b"EXPUNGE") == [b"* 2 EXPUNGE"]
    assert found(client, "TEXT second") == []


def test_messages_in_files_are_searched_on_a_thread(house: House) -> None:
    """What is longer than a row holds; its text may stand at the very end."""
    filler = b"lorem ipsum dolor sit amet\r\n" * (INLINE_OCTETS_MAX // 28 + 100)
    long = SMALL + filler + b"the needle\r\n"
    house.deliver(SMALL, long, SMALL.replace(b"Good day", b"Good needle"))
    assert list((house.path / "blobs").rglob("*")), "it should be a file"
    client = house.selected()
    assert found(client, "BODY needle") == [2, 3]
    assert found(client, "TEXT hello") == [1, 2, 3]
    assert found(client, f"LARGER {INLINE_OCTETS_MAX} HEADER Delivered-To ada NOT BODY nothing") == [2]


def test_a_message_whose_octets_cannot_be_read_fails_the_search(house: House) -> None:
    """An answer without it might be wrong; the session goes on, and so do searches that need not read it."""
    house.deliver(SMALL, SMALL + b"x" * INLINE_OCTETS_MAX)
    for path in Path(house.path / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    client = house.selected()
    answered = client.do("SEARCH BODY xxx")
    assert answered.is_no
    assert answered.code == b"UNAVAILABLE"
    assert not answered.about(b"SEARCH")
    assert found(client, "SUBJECT hello") == [1, 2]


def test_long_searches_leave_the_others_their_turns(house: House) -> None:
    """Another session is answered while a search of many messages is under way."""
    house.fill(3000)
    client, other = house.selected(), house.selected()
    tag = client.begin("SEARCH OR TEXT never BODY ever")
    assert other.do("NOOP").is_ok
    assert client.finish(tag).about(b"SEARCH") == [b"* SEARCH"]


def test_a_peer_that_leaves_ends_its_search(house: House) -> None:
    house.fill(3000)
    client = house.selected()
    client.begin("SEARCH OR TEXT never BODY ever")
    client.socket.close()
    house.wait_until(lambda: len(house.connections) == 0)
