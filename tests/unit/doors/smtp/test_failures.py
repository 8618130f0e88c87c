"""What a peer hears when something fails that is not its fault: never a permanent refusal (DESIGN 1.3, 7)."""

import json
import threading

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.directory.accounts import Role, add_account, remove_account
from posthouse.directory.aliases import add_alias, remove_alias
from posthouse.doors.connection import REFUSALS_TOLD
from posthouse.doors.events import BugFound, MailRefused, SessionClosed
from posthouse.message.address import parse_address
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.sim.faults import Faults
from unit.doors.house import OCCASION
from unit.doors.smtp.house import ADA, BOB, CAROL, FROM_ADA, HELLO, WORKERS_AT_ONCE, House
from unit.faults import SwitchedFaults

BIG = HELLO + b"x" * 70 + (b"\r\n" + b"x" * 70) * (INLINE_OCTETS_MAX // 72) + b"\r\n"
MIDDLING = HELLO + (b"x" * 70 + b"\r\n") * 3_000    # more than the pages that a full database has left


def fill_the_disk(house: House) -> None:
    """The database may grow no more."""

    def operation(tx) -> None:
        (pages,) = tx.row("PRAGMA page_count")
        tx.row(f"PRAGMA max_page_count = {pages + 4}")

    house.write(operation)


def make_room(house: House) -> None:
    house.write(lambda tx: tx.row("PRAGMA max_page_count = 1000000"))


def test_a_full_disk_defers_and_recovers_by_itself(house: House) -> None:
    """Issue 4: disk full: 452 4.3.1, nothing half-stored; the session and the next mail go on."""
    fill_the_disk(house)
    peer = house.peer()
    said = peer.deliver(MIDDLING, ADA, BOB, "out@example.org")
    assert said == b"452 4.3.1 no room to keep the message, try again later"
    assert house.is_empty()
    make_room(house)
    assert peer.deliver(MIDDLING, ADA, BOB, "out@example.org").startswith(b"250 ")
    assert house.inbox(ADA)[0].endswith(MIDDLING)
    assert house.rows("SELECT uses FROM blob") == [(3,)]


def test_of_a_batch_only_what_does_not_fit_is_deferred(house: House) -> None:
    """DESIGN 5: a full disk voids the batch; each of it is run again alone, and small ones still fit."""
    fill_the_disk(house)
    big, small = house.peer(), house.peer()
    for peer, message in ((big, MIDDLING), (small, HELLO)):
        peer.begin(ADA)
        peer.ask("DATA")
        peer.send(message)
    house.in_loop(lambda: (big.send(b".\r\n"), small.send(b".\r\n")))
    assert big.reply().startswith(b"452 4.3.1 ")
    assert small.reply().startswith(b"250 ")
    assert house.inbox()[0].endswith(HELLO)


def test_a_disk_that_fills_while_a_body_spills_defers(build) -> None:
    """As above; the rest of the message is read away, so that its lines are never taken for commands."""
    faults = Faults()
    house = build(faults=faults)
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    faults.room_octets = 0
    peer.send(BIG + b"QUIT\r\n.\r\n")
    assert peer.reply().startswith(b"452 4.3.1 ")
    assert not house.disk.names("blobs")
    faults.room_octets = None
    assert peer.deliver(BIG, ADA).startswith(b"250 ")
    assert house.inbox()[0].endswith(BIG)


def test_a_failed_sync_ends_every_session_that_waits_without_a_word(build) -> None:
    """DESIGN 5: what failed may still be found after a crash, so neither yes nor no is true."""
    faults = SwitchedFaults()
    house = build(faults=faults)
    failures: list[object] = []
    house.database.on_sync_failed(failures.append)
    first, second = house.peer(), house.peer()
    for peer in (first, second):
        peer.begin(ADA)
        peer.ask("DATA")
    faults.refuses_syncs = True
    for peer in (first, second):
        peer.send(HELLO + b".\r\n")
        assert peer.hear_end()
    assert len(failures) == 1
    house.wait_until(lambda: len(house.journal(SessionClosed)) == 2)
    assert {json.loads(line)["reason"] for line in house.journal(SessionClosed)} == {"aborted"}
    assert not house.journal(BugFound)
    late = house.peer()
    late.begin(ADA)
    late.ask("DATA")
    late.send(HELLO + b".\r\n")
    assert late.hear_end(), "nothing is accepted any more until the process has started again"


def test_a_failed_sync_of_a_big_body_defers(build) -> None:
    """No row names the file yet, so nobody can find it after a crash: a plain refusal for now is true."""
    faults = SwitchedFaults()
    house = build(faults=faults)
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    faults.refuses_syncs = True
    peer.send(BIG + b".\r\n")
    assert peer.reply().startswith(b"451 4.3.0 ")
    assert not house.disk.names("blobs")
    faults.refuses_syncs = False
    assert peer.deliver(HELLO, ADA).startswith(b"250 ")


def add_dave(house: House) -> None:
    house.write(add_account, parse_address("dave@example.org"), None, Role.USER, OCCASION)


@pytest.mark.parametrize("message", [HELLO, BIG], ids=["small", "big"])
@pytest.mark.parametrize(
    "change", ["the account goes", "the alias goes", "an alias takes the tag", "the account is another"]
)
def test_a_plan_that_is_outdated_is_deferred(house: House, change: str, message: bytes) -> None:
    """DESIGN 3: an acceptance re-checks what it was planned on; the peer asks again and hears what is true then."""
    peer = house.peer()
    peer.begin(CAROL, "team@example.org", "bob+x@example.org")
    peer.ask("DATA")
    match change:
        case "the account goes":
            house.write(remove_account, parse_address(CAROL), OCCASION)
        case "the alias goes":
            house.write(remove_alias, parse_address("team@example.org"), OCCASION)
        case "an alias takes the tag":
            house.write(add_alias, parse_address("bob+x@example.org"), (parse_address(ADA),), OCCASION)
        case "the account is another":
            house.write(remove_account, parse_address(CAROL), OCCASION)
            house.write(add_account, parse_address(CAROL), None, Role.USER, OCCASION)
    peer.send(message + b".\r\n")
    assert peer.reply().startswith(b"451 4.3.0 ")
    assert house.is_empty()


def test_a_change_that_concerns_no_recipient_defers_nobody(house: House) -> None:
    """As above: it is the recipients that are compared, not the version alone."""
    peer = house.peer()
    peer.begin(CAROL, "team@example.org")
    add_dave(house)
    peer.ask("RCPT TO:<sales@example.org>")
    house.write(add_alias, parse_address("new@example.org"), (parse_address(ADA),), OCCASION)
    assert peer.transmit(HELLO).startswith(b"250 ")


def test_a_directory_that_does_not_answer_defers(house: House) -> None:
    """DESIGN 7.4: a world error is 4yz at the peer, at whatever command it strikes."""
    submitter, peer = house.submitter(), house.peer()
    house.break_the_directory()
    assert peer.begin(ADA)[1] == b"451 4.3.0 this server cannot do that at the moment, try again later"
    assert submitter.ask("MAIL FROM:<ada@example.org>").startswith(b"451 4.3.0 ")
    assert submitter.ask("MAIL FROM:<>").startswith(b"250 ")
    assert submitter.ask("RCPT TO:<friend@elsewhere.example>").startswith(b"250 "), "which asks for domains alone"
    assert submitter.transmit(FROM_ADA).startswith(b"451 4.3.0 ")


def test_big_messages_beyond_what_threads_can_take_are_deferred(house: House) -> None:
    """DESIGN 1.6: every queue has a limit; and no file stays behind."""
    done = threading.Event()
    house.in_loop(lambda: [house.workers.run(done.wait) for _ in range(WORKERS_AT_ONCE)])
    peer = house.peer()
    assert peer.deliver(BIG, ADA).startswith(b"451 4.3.0 ")
    assert peer.deliver(HELLO, ADA).startswith(b"250 "), "which needs no thread"
    done.set()
    house.wait_until(lambda: not house.disk.names("blobs"))


@pytest.mark.parametrize("message", [HELLO, BIG], ids=["small", "big"])
def test_a_bug_of_ours_never_bounces_anyones_mail(house: House, message: bytes) -> None:
    """DESIGN 1.3, 7.5: 421 4.3.0 and no more; the journal has the traceback, the store nothing."""
    house.bugs_are_expected = True
    house.write(lambda tx: tx.execute("DELETE FROM counter"))    # an account without mailboxes, which cannot be
    peer = house.peer()
    assert peer.deliver(message, ADA) == b"421 4.3.0 something went wrong here and is written down, try again later"
    assert peer.hear_end()
    assert house.is_empty()
    assert len(house.journal(BugFound)) == 1


def test_an_idle_peer_is_told_so(house: House) -> None:
    """RFC 5321 4.5.3.2.7: five minutes at least; 421 4.4.2."""
    peer = house.peer()
    house.pass_time(299)
    assert peer.ask("NOOP").startswith(b"250 ")
    house.pass_time(301)
    assert peer.reply() == b"421 4.4.2 nothing heard from you for too long, closing"
    assert peer.hear_end()


@pytest.mark.parametrize(("limits", "said"), [
    (SessionLimits(sessions_per_network_max=2), b"421 4.7.0 too many sessions from your network, close some first"),
    (SessionLimits(sessions_max=2), b"421 4.3.2 too many sessions here at the moment, try again later"),
])    # fmt: skip
def test_a_session_too_many_is_told_so(build, limits: SessionLimits, said: bytes) -> None:
    """Issue 4: 100 sessions a peer and 2,000 in all (421)."""
    house = build(limits=limits)
    sessions = [house.peer(), house.peer()]
    third = house.client()
    assert third.reply() == said
    assert third.hear_end()
    sessions[0].ask("QUIT")
    assert sessions[0].hear_end()
    assert house.peer().deliver(HELLO, ADA).startswith(b"250 ")


def test_a_server_that_stops_finishes_the_message_and_takes_its_leave(house: House) -> None:
    """Issue 4: SIGTERM stops taking and finishes what is in flight; RFC 5321 3.8: 421 behind it."""
    busy, idle = house.peer(), house.peer()
    busy.begin(ADA)
    busy.ask("DATA")
    busy.send(HELLO)
    house.begin(house.connections.shut_down(within_seconds=10))
    assert idle.reply() == b"421 4.3.2 this server is shutting down, try again in a minute"
    busy.send(b".\r\n")
    assert busy.reply().startswith(b"250 ")
    assert busy.reply().startswith(b"421 4.3.2 ")
    assert len(house.inbox()) == 1


def test_what_is_refused_is_written_down(house: House) -> None:
    """DESIGN 1.5: whom it was for, and what the peer was told; a message that breaks a rule too."""
    client = house.peer()
    client.ask("EHLO client.example")
    client.ask("MAIL FROM:<eve@elsewhere.example>")
    client.ask("RCPT TO:<nobody@example.org>")
    client.ask("RCPT TO:<friend@elsewhere.example>")
    client.ask(f"RCPT TO:<{ADA}>")
    client.ask("DATA")
    client.send(b"Subject: a bare line feed\n\r\n.\r\n")
    client.reply()
    told = [json.loads(line) for line in house.journal(MailRefused)]
    assert [(one.get("forward_path"), one["reply"][:9]) for one in told] == [
        ("nobody@example.org", "550 5.1.1"), ("friend@elsewhere.example", "550 5.7.1"), (None, "554 5.6.0"),
    ]  # fmt: skip
    assert {one["door"] for one in told} == {"smtp"}


def test_a_peer_cannot_fill_the_journal_with_what_it_may_not_do(house: House) -> None:
    """DESIGN 1.6: the first refusals have a line each, then only their number."""
    client = house.peer()
    client.ask("EHLO client.example")
    client.ask("MAIL FROM:<eve@elsewhere.example>")
    for number in range(REFUSALS_TOLD + 5):
        client.ask(f"RCPT TO:<nobody{number}@example.org>")
    client.ask("QUIT")
    house.wait_until(lambda: bool(house.journal(SessionClosed)))
    assert len(house.journal(MailRefused)) == REFUSALS_TOLD
    assert json.loads(house.journal(SessionClosed)[0])["mail_refused"] == REFUSALS_TOLD + 5
