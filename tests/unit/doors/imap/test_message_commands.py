"""STORE, COPY, MOVE, EXPUNGE, CHECK (RFC 3501 6.4, RFC 4315, RFC 6851): what changes, and what is told of it."""

import pytest

from posthouse.store.placements import DELETED, SEEN
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import SMALL, House

SYSTEM = {b"\\Answered", b"\\Flagged", b"\\Deleted", b"\\Seen", b"\\Draft"}


@pytest.fixture
def three(house: House) -> ImapClient:
    """An INBOX of three messages that are not \\Recent any more."""
    house.deliver(SMALL, SMALL, SMALL)
    house.selected().do("CLOSE")
    return house.selected()


# ---- STORE -----------------------------------------------------------------------------------------------------------


def test_store_replaces_adds_and_removes(three: ImapClient) -> None:
    """RFC 3501 6.4.6: the new value is told."""
    three.play("""
        C: a STORE 1 FLAGS (\\Seen \\Flagged)
        S: * 1 FETCH (FLAGS (\\Flagged \\Seen))
        S: a OK ...
        C: b STORE 1 +FLAGS (\\Deleted)
        S: * 1 FETCH (FLAGS (\\Deleted \\Flagged \\Seen))
        S: b OK ...
        C: c store 1 -flags (\\SEEN \\draft)
        S: * 1 FETCH (FLAGS (\\Deleted \\Flagged))
        S: c OK ...
        C: d STORE 1 FLAGS ()
        S: * 1 FETCH (FLAGS ())
        S: d OK ...
    """)


def test_store_takes_flags_without_parentheses(three: ImapClient) -> None:
    """RFC 3501 9: store-att-flags."""
    assert three.do("STORE 1 +FLAGS \\Seen \\Draft").is_ok
    assert three.flags(1) == {b"\\Seen", b"\\Draft"}


def test_store_tells_every_message_that_was_named(three: ImapClient) -> None:
    """RFC 3501 6.4.6: changed or not."""
    three.do("STORE 2 FLAGS (\\Seen)")
    assert three.do("STORE 1:3 +FLAGS (\\Seen)").untagged == [
        b"* %d FETCH (FLAGS (\\Seen))" % number for number in (1, 2, 3)
    ]
    assert three.do("STORE 3,1 -FLAGS (\\Seen)").untagged == [
        b"* %d FETCH (FLAGS ())" % number for number in (1, 3)
    ]  # fmt: skip


def test_store_silent_tells_nothing(three: ImapClient) -> None:
    for change in ("+FLAGS", "FLAGS", "-FLAGS"):
        answered = three.do(f"STORE 1:* {change}.SILENT (\\Seen)")
        assert answered.is_ok and answered.untagged == []
        assert three.do("NOOP").untagged == []


def test_uid_store_tells_uids(three: ImapClient) -> None:
    """RFC 3501 6.4.8."""
    answered = three.do("UID STORE 2:9 +FLAGS (\\Flagged)")
    assert answered.untagged == [b"* %d FETCH (UID %d FLAGS (\\Flagged))" % (number, number) for number in (2, 3)]
    answered = three.do("UID STORE 99 +FLAGS (\\Flagged)")
    assert answered.is_ok and answered.untagged == []


@pytest.mark.parametrize(
    "arguments",
    ["1 FLAGS", "1 FLAGS (", "1 FLAGS \\Seen)", "1 FLAGS (\\Recent)", "1 FLAGS (\\Unheard)", "1 FLAGS (\\*)",
     "1 =FLAGS ()", "4 FLAGS ()", "1:4 FLAGS ()", "0 FLAGS ()", "1 FLAGS.LOUD ()", "1 FLAGS (a]b)",
     "1 FLAGS (\\Seen  \\Draft)"],
)  # fmt: skip
def test_what_is_no_store_is_bad_and_changes_nothing(three: ImapClient, arguments: str) -> None:
    assert three.do(f"STORE {arguments}").is_bad
    assert three.flags(1) == set()


def test_store_in_an_empty_mailbox(ada: ImapClient) -> None:
    ada.do("SELECT Sent")
    for command in ("STORE 1:* FLAGS (\\Seen)", "UID STORE 1:* FLAGS (\\Seen)"):
        answered = ada.do(command)
        assert answered.is_ok and answered.untagged == []


def test_recent_stays_whatever_is_stored(house: House) -> None:
    """RFC 3501 2.3.2: a client cannot alter it."""
    house.deliver(SMALL)
    client = house.selected()
    assert client.do("STORE 1 FLAGS (\\Seen)").untagged == [b"* 1 FETCH (FLAGS (\\Recent \\Seen))"]
    assert client.do("STORE 1 FLAGS ()").untagged == [b"* 1 FETCH (FLAGS (\\Recent))"]


def test_a_keyword_is_made_when_it_is_first_stored_and_told_before_it_is_used(three: ImapClient) -> None:
    """RFC 3501 7.2.6: FLAGS names all flags that are applicable."""
    answered = three.do("STORE 1 +FLAGS ($Label1 \\Seen)")
    assert answered.untagged == [
        b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Label1)",
        b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Label1 \\*)] these flags are kept",
        b"* 1 FETCH (FLAGS (\\Seen $Label1))",
    ]


def test_keywords_compare_without_case_and_are_removed_without_being_made(three: ImapClient) -> None:
    three.do("STORE 1 +FLAGS ($Forwarded)")
    assert three.do("STORE 1 +FLAGS ($FORWARDED)").untagged == [b"* 1 FETCH (FLAGS ($Forwarded))"]
    assert three.do("STORE 1 -FLAGS ($forwarded)").untagged == [b"* 1 FETCH (FLAGS ())"]
    assert not three.do("STORE 1 -FLAGS (never)").about(b"FLAGS")
    assert three.do("STORE 1 FLAGS.SILENT (Zebra)").is_ok
    assert three.flags(1) == {b"Zebra"}


def test_another_session_is_told_what_was_stored_and_the_keyword_before(house: House, three: ImapClient) -> None:
    other = house.selected()
    three.do("STORE 2 +FLAGS (Work)")
    three.do("STORE 3 FLAGS.SILENT (\\Answered)")
    assert other.do("NOOP").untagged == [
        b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work)",
        b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work \\*)] these flags are kept",
        b"* 2 FETCH (FLAGS (Work))",
        b"* 3 FETCH (FLAGS (\\Answered))",
    ]
    assert other.do("NOOP").untagged == []


def test_store_silent_still_tells_what_another_session_changed(house: House, three: ImapClient) -> None:
    """RFC 3501 6.4.6: the client assumes its own change alone; anything else must be told."""
    other = house.selected()
    other.do("STORE 1 +FLAGS.SILENT (\\Flagged)")
    assert three.do("STORE 1:2 +FLAGS.SILENT (\\Seen)").untagged == [b"* 1 FETCH (FLAGS (\\Flagged \\Seen))"]
    other.do("STORE 1 -FLAGS.SILENT (\\Flagged)")
    assert three.do("STORE 1 FLAGS.SILENT (\\Draft)").untagged == []    # as a replacement makes it, whatever it was
    assert three.flags(1) == {b"\\Draft"}


# ---- EXPUNGE ---------------------------------------------------------------------------------------------------------


def test_expunge_tells_numbers_as_they_are_when_they_are_told(house: House) -> None:
    """RFC 3501 7.4.1: each EXPUNGE renumbers what is behind it, at once."""
    client = house.selected()
    for bits in (0, DELETED, DELETED, 0, DELETED):
        house.deliver(SMALL, bits=bits)
    client.do("NOOP")
    numbers = [int(line.split()[1]) for line in client.do("EXPUNGE").untagged]
    standing = [1, 2, 3, 4, 5]
    for number in numbers:
        del standing[number - 1]
    assert standing == [1, 4]
    assert [client.fetched(number, "UID") for number in (1, 2)] == [b"1", b"4"]
    assert client.do("EXPUNGE").untagged == []


def test_uid_expunge_takes_those_alone_that_are_named_and_deleted(three: ImapClient) -> None:
    """RFC 4315 2.1."""
    three.do("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert three.do("UID EXPUNGE 2:3,77").untagged == [b"* 3 EXPUNGE"]
    assert three.do("UID EXPUNGE 99").untagged == []
    assert three.do("UID EXPUNGE *").untagged == []
    assert three.do("UID EXPUNGE 1:*").untagged == [b"* 1 EXPUNGE"]
    assert three.do("UID EXPUNGE").is_bad


def test_another_session_hears_of_expunges_but_not_during_fetch_store_or_search_by_number(
    house: House, three: ImapClient
) -> None:
    """RFC 3501 7.4.1: numbers must not change under a command that uses them. UID commands are others."""
    other = house.selected()
    three.do("STORE 1 +FLAGS.SILENT (\\Deleted)")
    three.do("EXPUNGE")
    for command in ("FETCH 3 UID", "STORE 3 +FLAGS.SILENT (\\Seen)", "SEARCH ALL"):
        answered = other.do(command)
        assert answered.is_ok and not answered.about(b"EXPUNGE"), command
    assert other.fetched(3, "UID") == b"3"
    assert other.do("UID FETCH 3 FLAGS").untagged[-1] == b"* 1 EXPUNGE"
    assert other.fetched(2, "UID") == b"3"


@pytest.mark.parametrize("command", ["UID SEARCH ALL", "UID STORE 3 +FLAGS.SILENT (\\Seen)", "COPY 3 Sent", "CHECK",
                                     "CAPABILITY", "STATUS Sent (MESSAGES)", "UID COPY 3 Sent"])  # fmt: skip
def test_other_commands_may_tell_expunges(house: House, three: ImapClient, command: str) -> None:
    other = house.selected()
    three.do("STORE 1 +FLAGS.SILENT (\\Deleted)")
    three.do("EXPUNGE")
    assert b"* 1 EXPUNGE" in other.do(command).untagged


def test_expunge_counts_what_another_session_has_marked(house: House, three: ImapClient) -> None:
    """RFC 3501 6.4.3: all messages that have \\Deleted, told of or not."""
    other = house.selected()
    other.do("STORE 2 +FLAGS.SILENT (\\Deleted)")
    house.deliver(SMALL, bits=DELETED)
    answered = three.do("EXPUNGE")
    assert answered.is_ok
    assert [line for line in answered.untagged if line.endswith(b"EXPUNGE")] == [b"* 2 EXPUNGE"]
    assert three.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 2)"]


# ---- COPY ------------------------------------------------------------------------------------------------------------


def test_copy_takes_flags_and_dates_along_and_tells_where_the_copies_are(three: ImapClient) -> None:
    """RFC 3501 6.4.7, RFC 4315 3."""
    three.do("STORE 3 +FLAGS.SILENT (\\Flagged Work)")
    date = three.fetched(3, "INTERNALDATE")
    [status] = three.do("STATUS Archive (UIDVALIDITY)").untagged
    validity = status.rpartition(b" ")[2].rstrip(b")")
    assert three.do("COPY 2:3 Archive").code == b"COPYUID %b 2:3 1:2" % validity
    assert three.do("UID COPY 1 Archive").code == b"COPYUID %b 1 3" % validity
    three.do("SELECT Archive")
    assert three.flags(2) == {b"\\Flagged", b"Work", b"\\Recent"}
    assert three.fetched(2, "INTERNALDATE") == date
    assert three.fetched(2, "BODY.PEEK[TEXT]") == b"Good day.\r\n"


def test_copies_have_flags_of_their_own(three: ImapClient) -> None:
    three.do("COPY 1 Archive")
    three.do("STORE 1 +FLAGS.SILENT (\\Seen)")
    three.do("SELECT Archive")
    assert three.flags(1) == {b"\\Recent"}


def test_copy_to_no_mailbox_proposes_to_create_it(three: ImapClient) -> None:
    """RFC 3501 6.4.7."""
    assert three.do("COPY 1 nowhere").code == b"TRYCREATE"
    assert three.do("UID COPY 1 nowhere").code == b"TRYCREATE"
    assert not three.do('LIST "" nowhere').untagged


def test_copy_of_nothing_is_ok_and_copies_nothing(three: ImapClient) -> None:
    """RFC 4315 3: no COPYUID when nothing was copied."""
    answered = three.do("UID COPY 99 Archive")
    assert answered.is_ok and answered.code == b""
    assert three.do("COPY 4 Archive").is_bad


def test_copy_into_the_mailbox_itself_is_new_mail(three: ImapClient) -> None:
    answered = three.do("COPY 1:2 INBOX")
    assert answered.code.endswith(b" 1:2 4:5")
    assert answered.untagged == [b"* 5 EXISTS", b"* 2 RECENT"]


# ---- MOVE ------------------------------------------------------------------------------------------------------------


def test_move_tells_the_copies_before_the_expunges(three: ImapClient) -> None:
    """RFC 6851 4.3: COPYUID in an untagged OK, then the EXPUNGEs, then the tagged OK."""
    three.do("STORE 2 +FLAGS.SILENT (\\Seen)")
    answered = three.do("MOVE 1:2 Archive")
    assert answered.is_ok
    assert answered.untagged[0].startswith(b"* OK [COPYUID ") and b" 1:2 1:2] " in answered.untagged[0]
    assert answered.untagged[1:] == [b"* 2 EXPUNGE", b"* 1 EXPUNGE"]
    assert three.fetched(1, "UID") == b"3"
    three.do("SELECT Archive")
    assert [three.flags(1), three.flags(2)] == [{b"\\Recent"}, {b"\\Recent", b"\\Seen"}]


def test_uid_move(three: ImapClient) -> None:
    answered = three.do("UID MOVE 3,9 Archive")
    assert b" 3 1] " in answered.untagged[0] and answered.untagged[1:] == [b"* 3 EXPUNGE"]
    answered = three.do("UID MOVE 9 Archive")
    assert answered.is_ok and answered.untagged == []


def test_move_to_no_mailbox_moves_nothing(three: ImapClient) -> None:
    """RFC 6851 3.3, 4.1: all of it or nothing."""
    assert three.do("MOVE 1:3 nowhere").code == b"TRYCREATE"
    assert three.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 3)"]
    assert three.do("MOVE 4 Archive").is_bad


def test_move_into_the_mailbox_itself_gives_new_uids(three: ImapClient) -> None:
    answered = three.do("MOVE 1 INBOX")
    assert b" 1 4] " in answered.untagged[0]
    assert answered.untagged[1:] == [b"* 1 EXPUNGE", b"* 3 EXISTS", b"* 1 RECENT"]
    assert [three.fetched(number, "UID") for number in (1, 2, 3)] == [b"2", b"3", b"4"]


def test_move_does_not_need_nor_touch_the_deleted_flag(house: House, three: ImapClient) -> None:
    """RFC 6851 3.3: nothing but the named messages is expunged."""
    house.deliver(SMALL, bits=DELETED | SEEN)
    three.do("NOOP")
    three.do("MOVE 4 Archive")
    three.do("SELECT Archive")
    assert three.flags(1) == {b"\\Deleted", b"\\Seen", b"\\Recent"}


# ---- when another session was faster ---------------------------------------------------------------------------------


@pytest.fixture
def stale(house: House, three: ImapClient) -> ImapClient:
    """A session that has not been told yet that of its three messages the second is gone."""
    client = house.selected()
    three.do("STORE 2 +FLAGS.SILENT (\\Deleted)")
    three.do("EXPUNGE")
    return client


def test_a_store_of_gone_messages_alone_is_refused(stale: ImapClient) -> None:
    """RFC 2180 4.2.2; RFC 5530 3 has a code for it."""
    answered = stale.do("STORE 2 +FLAGS (\\Seen)")
    assert answered.is_no and answered.code == b"EXPUNGEISSUED" and not answered.about(b"FETCH")
    assert stale.do("NOOP").untagged == [b"* 2 EXPUNGE"]


def test_a_store_of_gone_messages_among_others_changes_the_others_and_says_so(stale: ImapClient) -> None:
    """RFC 2180 4.2.3: FETCH responses for those that are there, with a NO."""
    answered = stale.do("STORE 1:3 +FLAGS (\\Seen)")
    assert answered.is_no and answered.code == b"EXPUNGEISSUED"
    assert answered.untagged == [b"* 1 FETCH (FLAGS (\\Seen))", b"* 3 FETCH (FLAGS (\\Seen))"]
    assert stale.do("NOOP").untagged == [b"* 2 EXPUNGE"]


def test_a_silent_store_of_gone_messages_is_ok(stale: ImapClient) -> None:
    """RFC 2180 4.2.1."""
    answered = stale.do("STORE 1:3 +FLAGS.SILENT (\\Seen)")
    assert answered.is_ok and answered.untagged == []
    assert stale.do("NOOP").untagged == [b"* 2 EXPUNGE"]
    assert stale.flags(2) == {b"\\Seen"}


def test_a_uid_store_of_gone_messages_passes_over_them(stale: ImapClient) -> None:
    """RFC 3501 6.4.8; and their EXPUNGE may be told at once."""
    assert stale.do("UID STORE 1:3 +FLAGS (\\Seen)").untagged == [
        b"* 2 EXPUNGE", b"* 1 FETCH (UID 1 FLAGS (\\Seen))", b"* 2 FETCH (UID 3 FLAGS (\\Seen))"
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_a_copy_of_gone_messages_copies_nothing(stale: ImapClient, command: str) -> None:
    """RFC 3501 6.4.7: all of it or nothing; RFC 2180 4.4.1."""
    answered = stale.do(f"{command} 1:3 Archive")
    assert answered.is_no and answered.code == b"EXPUNGEISSUED"
    assert answered.untagged == [b"* 2 EXPUNGE"]
    assert stale.do("STATUS Archive (MESSAGES)").untagged == [b"* STATUS Archive (MESSAGES 0)"]
    assert stale.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 2)"]


def test_a_uid_copy_of_gone_messages_copies_the_others(stale: ImapClient) -> None:
    assert stale.do("UID COPY 1:3 Archive").code.endswith(b" 1,3 1:2")


def test_messages_that_came_after_a_command_was_given_are_not_meant_by_it(house: House, three: ImapClient) -> None:
    """"*" is the last message that the session was told of."""
    house.deliver(SMALL)
    answered = three.do("STORE 1:* +FLAGS (\\Deleted)")
    assert len(answered.about(b"FETCH")) == 3
    assert answered.untagged.count(b"* 4 EXISTS") == 1
    assert three.flags(4) == {b"\\Recent"}


def test_pipelined_commands_see_what_those_before_them_did(three: ImapClient) -> None:
    three.play("""
        C: a STORE 1:2 +FLAGS.SILENT (\\Deleted)
        C: b EXPUNGE
        C: c STORE 1 +FLAGS (\\Seen)
        C: d COPY 1 Archive
        C: e FETCH 1 (UID FLAGS)
        S: a OK ...
        S: * 2 EXPUNGE
        S: * 1 EXPUNGE
        S: b OK ...
        S: * 1 FETCH (FLAGS (\\Seen))
        S: c OK ...
        S: d OK [COPYUID ... 3 1] ...
        S: * 1 FETCH (UID 3 FLAGS (\\Seen))
        S: e OK ...
    """)


# ---- a mailbox that is deleted under a session -----------------------------------------------------------------------


def test_a_session_in_a_deleted_mailbox_can_read_but_change_nothing(house: House) -> None:
    """RFC 2180 3.3: the messages stay readable until the session leaves."""
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    client.append(SMALL, "x")
    client.do("SELECT x")
    assert other.do("DELETE x").is_ok
    assert client.fetched(1, "BODY.PEEK[TEXT]") == b"Good day.\r\n"
    for command in ("STORE 1 +FLAGS (\\Seen)", "EXPUNGE", "COPY 1 Sent", "MOVE 1 Sent", "UID EXPUNGE 1"):
        assert client.do(command).code == b"NONEXISTENT", command
    assert client.do("NOOP").is_ok
    assert client.do("SELECT x").code == b"NONEXISTENT"
    assert client.do("SELECT INBOX").is_ok


def test_a_new_mailbox_of_the_same_name_is_another_one(house: House) -> None:
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    client.do("SELECT x")
    other.do("DELETE x")
    other.do("CREATE x")
    other.append(SMALL, "x")
    assert client.do("NOOP").untagged == []
    assert b"* 1 EXISTS" in client.do("SELECT x").untagged


# ---- when the database cannot be read --------------------------------------------------------------------------------


def test_a_listing_that_could_not_be_read_once_is_read_again(house: House, three: ImapClient) -> None:
    """Else its sessions would hear no news any more, and not know it."""
    house.database.failing_reads = 1    # the next one reads the listing forward after the COMMIT
    house.deliver(SMALL)
    assert house.database.failing_reads == 0
    assert three.do("NOOP").untagged == [b"* 4 EXISTS", b"* 1 RECENT"]
    house.deliver(SMALL)
    assert three.do("NOOP").untagged == [b"* 5 EXISTS", b"* 2 RECENT"]


def test_news_wait_until_the_names_of_its_flags_can_be_read(house: House, three: ImapClient) -> None:
    other = house.selected()
    other.do("STORE 1 +FLAGS.SILENT (Work)")
    house.services.keywords._names.clear()
    house.database.failing_reads = 1
    assert three.do("NOOP").untagged == []
    assert three.do("NOOP").untagged[-1] == b"* 1 FETCH (FLAGS (Work))"


@pytest.mark.parametrize("command", ["FETCH 1 ENVELOPE", "SELECT INBOX", "STATUS Sent (MESSAGES)", 'LIST "" *'])
def test_what_cannot_be_read_is_refused_for_the_moment(house: House, three: ImapClient, command: str) -> None:
    house.database.failing_reads = 1
    assert three.do(command).code == b"UNAVAILABLE"
    assert three.do(command).is_ok
