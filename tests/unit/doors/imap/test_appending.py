"""APPEND (RFC 3501 6.3.11, RFC 4315 3, RFC 7888): a message is kept octet for octet, or not at all."""

import threading

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.runtime.sim.faults import Faults
from unit.doors.imap.client import ImapClient
from unit.doors.imap.house import IN_THE_CLEAR, SMALL, House, small_limits
from unit.faults import SwitchedFaults

LINE = b"0123456789abcdef" * 4 + b"\r\n"


def message(octets: int) -> bytes:
    return b"Subject: long\r\n\r\n" + LINE * (octets // len(LINE))


def files(house: House) -> int:
    return len(house.blobs.disk.names("blobs")) if (house.path / "blobs").is_dir() else 0


def test_append_keeps_the_octets_and_tells_the_uid(ada: ImapClient) -> None:
    """RFC 4315 3: APPENDUID."""
    ada.do("SELECT Drafts")
    [validity] = ada.do("STATUS Drafts (UIDVALIDITY)").untagged
    answered = ada.append(SMALL, "Drafts")
    assert answered.code == b"APPENDUID %b 1" % validity.rpartition(b" ")[2].rstrip(b")")
    assert answered.untagged == [b"* 1 EXISTS", b"* 1 RECENT"]
    assert ada.fetched(1, "BODY.PEEK[]") == SMALL
    assert ada.flags(1) == {b"\\Recent"}


def test_append_takes_flags_and_a_date(ada: ImapClient) -> None:
    """RFC 3501 6.3.11: flags and date SHOULD be set; keywords are made."""
    date = '"17-Jul-1996 02:44:25 -0700"'
    assert ada.append(SMALL, "INBOX", f"(\\Seen \\Draft $MDNSent) {date}").is_ok
    assert ada.append(SMALL, "INBOX", f"() {date}").is_ok
    assert ada.append(SMALL, "INBOX", '"  7-Jul-1996 02:44:25 +1400"'.replace('"  ', '" ')).is_ok
    ada.do("SELECT INBOX")
    assert ada.flags(1) == {b"\\Seen", b"\\Draft", b"$MDNSent", b"\\Recent"}
    assert ada.fetched(1, "INTERNALDATE") == date.encode()
    assert ada.flags(2) == {b"\\Recent"}
    assert ada.fetched(3, "INTERNALDATE") == b'" 7-Jul-1996 02:44:25 +1400"'
    assert ada.do("STATUS INBOX (UNSEEN)").untagged == [b"* STATUS INBOX (UNSEEN 2)"]


@pytest.mark.parametrize("octets", [0, 1, 100, INLINE_OCTETS_MAX - 100, INLINE_OCTETS_MAX + 100, 1_100_000, 3_000_000])
@pytest.mark.parametrize("plus", ["", "+"])
def test_a_message_of_any_length_is_kept_whole(house: House, octets: int, plus: str) -> None:
    """Over 256 KiB it becomes a file while it arrives; the peer may send without leave (RFC 7888 3)."""
    client = house.logged_in()
    octets_sent = message(octets)[:octets] if octets < 50 else message(octets)
    answered = client.do(f"APPEND INBOX {{{len(octets_sent)}{plus}}}", octets_sent)
    assert answered.is_ok
    client.do("SELECT INBOX")
    assert client.fetched(1, "RFC822.SIZE") == b"%d" % len(octets_sent)
    assert client.fetched(1, "BODY.PEEK[]") == octets_sent
    assert files(house) == (len(octets_sent) > INLINE_OCTETS_MAX)


@pytest.mark.parametrize(
    "octets",
    [b"no header at all", b"\r\n", b"Subject: bare\n\nline feeds\n", b"\xff\xfe\r\n\r\n\x80", b"a: b", b".\r\n.\r\n"],
)
def test_what_is_hardly_a_message_is_kept_as_it_is(ada: ImapClient, octets: bytes) -> None:
    assert ada.append(octets).is_ok
    ada.do("SELECT INBOX")
    assert ada.fetched(1, "BODY.PEEK[]") == octets
    assert ada.do("FETCH 1 FULL").is_ok


def test_append_to_no_mailbox_proposes_to_create_it_before_anything_is_sent(ada: ImapClient) -> None:
    """RFC 3501 6.3.11: TRYCREATE."""
    ada.play("""
        C: a APPEND nowhere {10}
        S: a NO [TRYCREATE] ...
        C: b APPEND nowhere {5+}
        C: hello
        S: b NO [TRYCREATE] ...
        C: c NOOP
        S: c OK ...
    """)


def test_a_mailbox_that_is_deleted_while_the_message_arrives(house: House) -> None:
    """It is decided in its turn; the file that was made goes."""
    client, other = house.logged_in(), house.logged_in()
    client.do("CREATE x")
    tag = client.begin("APPEND x {300000}")
    assert client.response().startswith(b"+ ")
    other.do("DELETE x")
    client.send(message(400_000)[:300_000] + b"\r\n")
    assert client.finish(tag).code == b"TRYCREATE"
    house.wait_until(lambda: files(house) == 0)


def test_a_message_that_is_too_big_is_refused_before_it_is_sent(build) -> None:
    """RFC 7889 4: TOOBIG; RFC 7888 4: one that comes unasked is swallowed."""
    client = build(settings=small_limits(append_octets_max=1000)).logged_in()
    client.play("""
        C: a APPEND INBOX {1001}
        S: a NO [TOOBIG] ...
        C: b APPEND INBOX {4294967296}
        S: b NO [TOOBIG] ...
    """)
    assert client.do("APPEND INBOX {2000+}", message(3000)[:2000]).code == b"TOOBIG"
    assert client.append(message(100)).is_ok


def test_a_message_with_nul_is_refused_and_leaves_nothing(house: House) -> None:
    """RFC 3501 9: literals hold CHAR8, which has no NUL."""
    client = house.logged_in()
    assert client.append(b"a: b\r\n\r\n\0").is_bad
    assert client.append(message(400_000) + b"\0").is_bad
    assert client.do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 0)"]
    house.wait_until(lambda: files(house) == 0)


def test_an_append_that_was_refused_is_no_reason_for_haste(house: House) -> None:
    """The pace that a literal must keep ends with it: afterwards a peer may be silent for half an hour."""
    client = house.logged_in()
    assert client.append(b"\0").is_bad
    house.pass_time(1000)
    assert client.do("NOOP").is_ok


def test_a_message_must_arrive_at_some_pace(house: House) -> None:
    client = house.logged_in()
    client.begin("APPEND INBOX {1000000}")
    assert client.response().startswith(b"+ ")
    house.pass_time(301)
    assert client.response().startswith(b"* BYE ")


@pytest.mark.parametrize(
    "arguments",
    ["INBOX", "INBOX ()", '"INBOX" "no date at all 12345678901" {1}', "INBOX (\\Recent) {1}", "INBOX {1} {2}",
     'INBOX () "1-Jan-2020" {1}', 'INBOX "32-Jan-2020 00:00:00 +0000" {1}', "a&b {1}"],
)  # fmt: skip
def test_what_is_no_append_is_bad(ada: ImapClient, arguments: str) -> None:
    assert ada.do(f"APPEND {arguments}").is_bad
    assert ada.do("NOOP").is_ok


def test_nothing_may_follow_the_message_but_the_end_of_the_line(ada: ImapClient) -> None:
    """MULTIAPPEND (RFC 3502) is not offered."""
    ada.play("""
        C: a APPEND INBOX {5}
        S: + ...
        C: hello () {5}
        S: a BAD ...
        C: b STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 0)
        S: b OK ...
    """)


def test_appended_messages_are_told_to_other_sessions(house: House) -> None:
    client, other = house.logged_in(), house.selected()
    client.append(SMALL, "INBOX", "(\\Flagged)")
    assert other.do("NOOP").untagged == [b"* 1 EXISTS", b"* 1 RECENT"]
    assert other.flags(1) == {b"\\Flagged", b"\\Recent"}


def test_pipelined_appends(ada: ImapClient) -> None:
    ada.send(b"".join(b"t%d APPEND INBOX {%d+}\r\n%b\r\n" % (n, len(SMALL), SMALL) for n in range(50)) + b"x NOOP\r\n")
    for number in range(50):
        assert ada.response().endswith(b" %d] APPEND is done" % (number + 1))
    assert ada.response().startswith(b"x OK")


def test_a_peer_that_leaves_in_the_middle_leaves_nothing_behind(house: House) -> None:
    client = house.logged_in()
    client.begin("APPEND INBOX {3000000}")
    assert client.response().startswith(b"+ ")
    client.send(message(1_000_000))
    house.wait_until(lambda: files(house) == 1)
    client.socket.close()
    house.wait_until(lambda: len(house.connections) == 0 and files(house) == 0)


@pytest.mark.parametrize("held_up", ["syncing", "examining"])
def test_a_peer_that_leaves_while_its_message_is_put_away_leaves_nothing_behind(house: House, held_up: str) -> None:
    """Nothing names the file yet: it goes once it is at rest."""
    client = house.logged_in()
    go_on = threading.Event()
    executor = house.threads if held_up == "syncing" else house.workers._executor
    executor.submit(go_on.wait)
    client.begin("APPEND INBOX {300000}")
    assert client.response().startswith(b"+ ")
    client.send(message(400_000)[:300_000] + b"\r\n")
    house.wait_until(lambda: files(house) == 1 and house.door.connections[0]._in_flight == 1)
    if held_up == "examining":
        house.threads.submit(lambda: None).result()    # it has been synced
        house.in_loop(lambda: None)
    client.leave()
    house.wait_until(lambda: len(house.connections) == 0)
    go_on.set()
    house.wait_until(lambda: files(house) == 0)
    assert house.logged_in().do("STATUS INBOX (MESSAGES)").untagged == [b"* STATUS INBOX (MESSAGES 0)"]


def test_a_peer_that_leaves_while_its_message_is_written_finds_it_again(house: House) -> None:
    """What was booked is written, whoever waits; row and file belong together."""
    client = house.logged_in()
    octets = message(400_000)[:300_000]
    client.send(b"a APPEND INBOX {300000+}\r\n" + octets + b"\r\n")
    house.wait_until(lambda: house.database._writer._waiting or house.database._writer._batch)
    client.leave()
    house.wait_until(lambda: len(house.connections) == 0)
    house.write(lambda tx: None)
    again = house.selected()
    assert again.fetched(1, "BODY.PEEK[]") == octets and files(house) == 1


# ---- a full disk -----------------------------------------------------------------------------------------------------


def fill_disk(house: House) -> None:
    assert house.faults is not None
    house.faults.room_octets = 0


@pytest.fixture
def on_a_disk_that_can_fill(build) -> House:
    return build(settings=IN_THE_CLEAR, faults=Faults())


def test_a_full_disk_refuses_what_writes_and_answers_what_reads(on_a_disk_that_can_fill: House) -> None:
    """Nothing is half-stored, and we go on when there is room again."""
    house = on_a_disk_that_can_fill
    house.deliver(SMALL, SMALL)
    client = house.selected()
    fill_disk(house)
    big = message(200_000)
    refused = 0
    while not (answered := client.append(big)).is_no:    # the log still has room for some
        refused += 1
        assert refused < 100
    assert answered.code == b"OVERQUOTA"
    stored = client.do("STATUS INBOX (MESSAGES)").untagged
    assert client.append(message(400_000)).code == b"OVERQUOTA"
    assert client.do("STATUS INBOX (MESSAGES)").untagged == stored
    answered = client.do("FETCH 1 BODY[TEXT]")
    assert answered.is_ok and b"Good day." in answered.untagged[0]
    house.faults.give_room(10 << 20)
    assert client.append(big).is_ok
    assert client.append(message(400_000)).is_ok
    assert client.do("STORE 1 +FLAGS (\\Flagged)").is_ok


# ---- a disk that refuses to sync -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["STORE 1 +FLAGS (\\Flagged)", "MOVE 1 Archive", "CREATE x", "FETCH 1 BODY[]"])
def test_after_a_failed_sync_nobody_is_told_anything(build, command: str) -> None:
    """What failed may still be found after a crash (DESIGN 5), so neither OK nor NO would be true."""
    faults = SwitchedFaults()
    house = build(settings=IN_THE_CLEAR, faults=faults)
    house.deliver(SMALL)
    client = house.selected()
    faults.refuses_syncs = True
    tag = client.begin(command)
    with pytest.raises((EOFError, ConnectionResetError)):
        client.finish(tag)
