"""SELECT, EXAMINE, CLOSE, UNSELECT: what is told, and how one leaves (RFC 3501 6.3.1, 6.4.2; RFC 3691)."""

import asyncio

from posthouse.database.sqlite.snapshot import open_for_reading
from posthouse.doors.imap.selecting import EVERY_UID
from posthouse.store.changes import BitsChange, BitsOperation
from posthouse.store.counters import status_of
from posthouse.store.messages import change_bits, expunge
from posthouse.store.placements import DELETED, SEEN
from unit.doors.house import NOON
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import SMALL, House


def uidvalidity(client: ImapClient, mailbox: str) -> bytes:
    [line] = client.do(f"STATUS {mailbox} (UIDVALIDITY)").untagged
    return line.rpartition(b" ")[2]


def test_select_tells_all_that_the_standard_requires(house: House) -> None:
    """RFC 3501 6.3.1: FLAGS, EXISTS, RECENT, UNSEEN, PERMANENTFLAGS, UIDNEXT, UIDVALIDITY."""
    house.deliver(SMALL, bits=SEEN)
    house.deliver(SMALL, SMALL)
    house.logged_in().play("""
        C: a SELECT INBOX
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] ...
        S: * 3 EXISTS
        S: * 3 RECENT
        S: * OK [UNSEEN 2] ...
        S: * OK [UIDVALIDITY ...] ...
        S: * OK [UIDNEXT 4] ...
        S: a OK [READ-WRITE] ...
    """)


def test_an_empty_mailbox_has_no_first_unseen(ada: ImapClient) -> None:
    answered = ada.do("SELECT Sent")
    assert {b"* 0 EXISTS", b"* 0 RECENT"} <= set(answered.untagged)
    assert not answered.about(b"UNSEEN")
    assert answered.about(b"UIDNEXT")[0].startswith(b"* OK [UIDNEXT 1]")


def test_inbox_is_found_in_any_case_and_others_in_their_own(ada: ImapClient) -> None:
    """RFC 3501 5.1."""
    assert ada.do("SELECT inBOX").is_ok
    assert ada.do("SELECT sent").code == b"NONEXISTENT"


def test_examine_is_read_only_and_says_so(house: House) -> None:
    """RFC 3501 6.3.2: no flags can be kept, nothing changes, \\Recent included."""
    house.deliver(SMALL)
    client = house.logged_in()
    answered = client.do("EXAMINE INBOX")
    assert answered.code == b"READ-ONLY"
    assert answered.about(b"PERMANENTFLAGS")[0].startswith(b"* OK [PERMANENTFLAGS ()]")
    assert b"* 1 RECENT" in answered.untagged
    for command in ("STORE 1 +FLAGS (\\Deleted)", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 Sent"):
        assert client.do(command).is_no, command
    assert client.fetched(1, "BODY[TEXT]") == b"Good day.\r\n"
    assert client.flags(1) == {b"\\Recent"}
    assert client.do("COPY 1 Sent").is_ok
    assert b"* 1 RECENT" in client.do("SELECT INBOX").untagged


def test_a_select_that_fails_leaves_no_mailbox_selected(house: House) -> None:
    """RFC 3501 6.3.1."""
    client = house.selected()
    assert client.do("SELECT nowhere").code == b"NONEXISTENT"
    assert client.do("FETCH 1 FLAGS").is_bad
    assert client.do("SELECT INBOX").is_ok


def test_a_select_that_is_no_command_leaves_the_mailbox_selected(house: House) -> None:
    """RFC 3501 6.3.1: only an attempt that is made deselects."""
    client = house.selected()
    assert client.do("SELECT").is_bad
    assert client.do("CHECK").is_ok


def test_a_mailbox_can_be_selected_again(house: House) -> None:
    client = house.selected()
    house.deliver(SMALL)
    assert b"* 1 EXISTS" in client.do("SELECT INBOX").untagged
    assert b"* 0 EXISTS" in client.do("SELECT Sent").untagged
    house.deliver(SMALL)
    assert client.do("NOOP").untagged == []


def test_close_expunges_in_silence(house: House) -> None:
    """RFC 3501 6.4.2: no EXPUNGE is told, and the messages are gone."""
    house.deliver(SMALL, SMALL, bits=DELETED)
    house.deliver(SMALL)
    client = house.selected()
    answered = client.do("CLOSE")
    assert answered.is_ok and answered.untagged == []
    assert client.do("FETCH 1 FLAGS").is_bad
    assert client.do("STATUS INBOX (MESSAGES UNSEEN UIDNEXT)").untagged == [
        b"* STATUS INBOX (MESSAGES 1 UNSEEN 1 UIDNEXT 4)"
    ]


def test_close_after_examine_expunges_nothing(house: House) -> None:
    house.deliver(SMALL, bits=DELETED)
    client = house.logged_in()
    client.do("EXAMINE INBOX")
    assert client.do("CLOSE").is_ok
    assert client.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 1)"]


def test_unselect_expunges_nothing(house: House) -> None:
    """RFC 3691 2."""
    house.deliver(SMALL, bits=DELETED)
    client = house.selected()
    answered = client.do("UNSELECT")
    assert answered.is_ok and answered.untagged == []
    assert client.do("UNSELECT").is_bad
    assert client.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 1)"]


def test_close_of_a_mailbox_that_another_session_deleted_is_done(house: House) -> None:
    """CLOSE has no NO (RFC 3501 6.4.2): there is nothing left to expunge."""
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    client.do("SELECT x")
    assert other.do("DELETE x").is_ok
    assert client.do("CLOSE").is_ok
    assert client.do("FETCH 1 FLAGS").is_bad
    assert client.do("SELECT INBOX").is_ok


# ---- \Recent ---------------------------------------------------------------------------------------------------------


def test_recent_is_told_to_the_first_session_alone(house: House) -> None:
    """RFC 3501 2.3.2: subsequent sessions do not see it."""
    house.deliver(SMALL)
    first, second = house.logged_in(), house.logged_in()
    assert b"* 1 RECENT" in first.do("SELECT INBOX").untagged
    assert first.flags(1) == {b"\\Recent"}
    assert b"* 0 RECENT" in second.do("SELECT INBOX").untagged
    assert second.flags(1) == set()
    house.deliver(SMALL)
    assert first.do("NOOP").untagged == [b"* 2 EXISTS", b"* 2 RECENT"]


def test_what_a_session_was_told_of_is_recent_to_none_that_selects_later(house: House) -> None:
    """RFC 3501 2.3.2: told by EXISTS is told, too."""
    first = house.selected()
    house.deliver(SMALL)
    assert first.do("NOOP").untagged == [b"* 1 EXISTS", b"* 1 RECENT"]
    assert b"* 0 RECENT" in house.logged_in().do("SELECT INBOX").untagged


def test_recent_ends_with_the_session(house: House) -> None:
    house.deliver(SMALL)
    client = house.selected()
    assert client.flags(1) == {b"\\Recent"}
    client.do("SELECT INBOX")
    assert client.flags(1) == set()
    assert client.do("STATUS INBOX (RECENT)").untagged == [b"* STATUS INBOX (RECENT 0)"]


def test_status_tells_recent_without_claiming_it(house: House) -> None:
    """RFC 3501 6.3.10: STATUS changes nothing."""
    house.deliver(SMALL, SMALL)
    client = house.logged_in()
    for _ in range(2):
        assert client.do("STATUS INBOX (RECENT)").untagged == [b"* STATUS INBOX (RECENT 2)"]
    assert b"* 2 RECENT" in client.do("SELECT INBOX").untagged


# ---- keywords --------------------------------------------------------------------------------------------------------


def test_select_tells_the_keywords_that_the_account_has(house: House) -> None:
    house.deliver(SMALL)
    client = house.selected()
    assert client.do("STORE 1 +FLAGS ($Forwarded Work)").is_ok
    answered = client.do("SELECT INBOX")
    assert answered.about(b"FLAGS") == [b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded Work)"]
    assert b"$Forwarded Work \\*)]" in answered.about(b"PERMANENTFLAGS")[0]
    assert client.flags(1) == {b"$Forwarded", b"Work"}


def test_an_account_that_can_take_no_more_keywords_does_not_promise_to(house: House) -> None:
    """RFC 3501 7.1: \\* in PERMANENTFLAGS says that new keywords can be made."""
    house.deliver(SMALL)
    client = house.selected()
    for first in (0, 124):
        words = " ".join(f"word{number}" for number in range(first, first + 124))
        assert client.do(f"STORE 1 +FLAGS.SILENT ({words})").is_ok
    assert client.do("STORE 1 +FLAGS (onemore)").code == b"LIMIT"
    assert client.do("STORE 1 +FLAGS (WORD7)").is_ok
    [permanent] = client.do("SELECT INBOX").about(b"PERMANENTFLAGS")
    assert b"\\*" not in permanent and b"word247)" in permanent


# ---- numbers that only grow ------------------------------------------------------------------------------------------


def test_uids_are_never_given_twice(house: House) -> None:
    """RFC 3501 2.3.1.1."""
    house.deliver(SMALL, SMALL, bits=DELETED)
    client = house.selected()
    client.do("EXPUNGE")
    assert client.do("SELECT INBOX").about(b"UIDNEXT")[0].startswith(b"* OK [UIDNEXT 3]")
    house.deliver(SMALL)
    client.do("NOOP")
    assert client.fetched(1, "UID") == b"3"


def test_a_name_that_comes_back_has_another_uidvalidity(ada: ImapClient) -> None:
    """RFC 3501 2.3.1.1: also when the clock has not moved, as here."""
    seen = set()
    for _ in range(3):
        assert ada.do("CREATE again").is_ok
        seen.add(uidvalidity(ada, "again"))
        assert ada.do("DELETE again").is_ok
    assert len(seen) == 3


def test_rename_keeps_uids_and_uidvalidity(ada: ImapClient) -> None:
    ada.do("CREATE one")
    assert ada.append(SMALL, "one").is_ok
    before = uidvalidity(ada, "one")
    assert ada.do("RENAME one two").is_ok
    assert uidvalidity(ada, "two") == before
    ada.do("SELECT two")
    assert ada.fetched(1, "UID") == b"1"


def test_a_mailbox_and_its_counters_are_of_one_moment_amid_a_commit(house: House) -> None:
    """A COMMIT returns on its thread first: whoever selects right then must not be told EXISTS from before it and
    UIDNEXT from after it, or the message between is never fetched."""
    house.deliver(SMALL)
    place = house.inbox().key
    opened = house.in_loop(lambda: house.mailboxes.get(*place))

    async def select_amid_a_commit() -> tuple[list[int], list[int]]:
        def seen() -> list[int]:
            counted = house.database.read(lambda tx: status_of(tx, *place)).messages
            return [counted, len(house.mailboxes.get(*place).listing)]

        writing = house.database.write(lambda tx: expunge(tx, house.inbox(), opened.listing, EVERY_UID, NOON))
        await asyncio.sleep(0)    # its batch has run; the COMMIT is on its way
        with open_for_reading(house.path / "test.db") as before_told:
            while status_of(before_told, *place).messages:
                before_told.execute("ROLLBACK")
                before_told.execute("BEGIN")
        amid = seen()
        assert not writing.done()    # the loop stands still, so nobody can have been told
        await writing
        return amid, seen()

    house.write(change_bits, house.inbox(), opened.listing, BitsChange(BitsOperation.ADD, DELETED, EVERY_UID), NOON)
    assert house.in_loop_await(select_amid_a_commit()) == ([1, 1], [0, 0])
