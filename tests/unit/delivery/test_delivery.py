"""The one way into the store and the queue (`delivery.delivery`): small messages at once, big ones by a thread."""

import asyncio
import threading

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.database.errors import DatabaseError, SyncFailed
from posthouse.delivery import delivery
from posthouse.delivery.acceptance import Accepted
from posthouse.delivery.errors import AuthorRefused, HeaderTooLarge, PlanOutdated, TooManyHops
from posthouse.delivery.examination import Examined, examine_if_quick
from posthouse.directory.accounts import remove_account
from posthouse.message.address import parse_address
from posthouse.message.headers import FIELD_LINES_MAX
from posthouse.runtime.workers import WorkersBusy
from unit.delivery.arrivals import ADA, FRIEND, HELLO
from unit.delivery.house import OCCASION, ORIGINATOR, House
from unit.faults import SwitchedFaults

PADDING = (b"x" * 70 + b"\r\n") * (INLINE_OCTETS_MAX // 72 + 1)
SIZES = pytest.mark.parametrize("padding", [b"", PADDING], ids=["small", "big"])
FROM_ADA = HELLO.replace(b"eve@elsewhere.example", b"ada@example.org")


@SIZES
def test_a_message_is_taken(house: House, padding: bytes) -> None:
    """DESIGN 1.1: the future resolves once everything is on disk."""
    accepted = house.accept(house.arrival(HELLO + padding, "ada@example.org", FRIEND))
    assert accepted.delivered == ((ADA, 1),)
    assert house.rows("SELECT uses, length FROM blob") == [(2, len(HELLO + padding))]
    assert len(house.disk.names("blobs")) == bool(padding)


@SIZES
@pytest.mark.parametrize(
    ("head", "refusal"),
    [
        (b"Received: by x\r\n" * 101 + FROM_ADA, TooManyHops),
        (b"X: y\r\n" * FIELD_LINES_MAX + FROM_ADA, HeaderTooLarge),
        (HELLO, AuthorRefused),
        (b"Subject: nobody wrote it\r\n\r\n", AuthorRefused),
    ],
)
def test_what_is_refused_leaves_nothing(house: House, head: bytes, refusal: type[Exception], padding: bytes) -> None:
    """Nothing half-stored, the file that a big one already is included."""
    with pytest.raises(refusal):
        house.accept(house.arrival(head + padding, "bob@example.org", originator=ORIGINATOR))
    assert house.is_empty()


@SIZES
def test_an_outdated_plan_leaves_nothing(house: House, padding: bytes) -> None:
    """As above, when it is the transaction that refuses."""
    made = house.arrival(HELLO + padding, "ada@example.org", "carol@example.org")
    house.write(remove_account, parse_address("carol@example.org"), OCCASION)
    with pytest.raises(PlanOutdated):
        house.accept(made)
    assert house.is_empty()


def test_only_who_has_logged_in_is_asked_for_its_authors(house: House) -> None:
    """Port 25 judges no author: that is a later question (DMARC); nor is the owner of the data asked."""
    assert house.accept(house.arrival(b"Subject: nobody wrote it\r\n\r\n", "ada@example.org")).delivered


COSTLY = HELLO.replace(b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n") + b"--b\r\n\r\n" * 20_000


def test_what_is_long_to_read_is_read_on_a_thread(house: House) -> None:
    """DESIGN 5: 256 KiB of nothing but parts take half a second, in which the loop must serve others."""
    accepted = house.accept(house.arrival(COSTLY, "ada@example.org"))
    assert accepted.delivered == ((ADA, 1),)
    assert not house.disk.names("blobs")
    assert house.rows("SELECT bytes FROM blob") == [(COSTLY,)]


def test_messages_of_one_turn_fare_each_on_its_own(house: House) -> None:
    """One that is refused, one whose peer has gone and one that is read aside harm no other."""
    refused = house.arrival(b"Received: a\r\n" * 101 + HELLO, "ada@example.org")
    kept = house.arrival(HELLO, "ada@example.org")
    costly = house.arrival(COSTLY, "bob@example.org")
    came_to = house.accept_together(refused, kept, kept, costly, cancelled=[1])
    assert [type(one) for one in came_to] == [TooManyHops, asyncio.CancelledError, Accepted, Accepted]
    assert len(house.rows("SELECT 1 FROM message")) == 3    # what nobody waits for is kept all the same


def test_a_bug_that_one_message_meets_is_its_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 7.5: whoever came in the same turn is served."""
    poison = house.arrival(HELLO + b"poison\r\n", "ada@example.org")

    def stumbling(octets: bytes) -> Examined | None:
        if b"poison" in octets:
            raise ZeroDivisionError
        return examine_if_quick(octets)

    monkeypatch.setattr(delivery, "examine_if_quick", stumbling)
    before, after = house.arrival(HELLO, "ada@example.org"), house.arrival(HELLO, "bob@example.org")
    came_to = house.accept_together(before, poison, after)
    assert [type(one) for one in came_to] == [Accepted, ZeroDivisionError, Accepted]


def test_a_refused_message_that_nobody_waits_for_harms_no_other(house: House) -> None:
    refused = house.arrival(b"Received: a\r\n" * 101 + HELLO, "ada@example.org")
    came_to = house.accept_together(refused, house.arrival(HELLO, "ada@example.org"), cancelled=[0])
    assert [type(one) for one in came_to] == [asyncio.CancelledError, Accepted]


@pytest.mark.parametrize("message", [COSTLY, HELLO + PADDING], ids=["costly", "big"])
def test_a_message_beyond_what_the_threads_take_is_deferred(house: House, message: bytes) -> None:
    """DESIGN 1.6; a file is removed, for no row names it; what needs no thread is taken."""
    done = threading.Event()

    async def fill() -> None:
        for _ in range(2):
            house.workers.run(done.wait)

    house.runner.run(fill())
    with pytest.raises(WorkersBusy):
        house.accept(house.arrival(message, "ada@example.org"))
    assert house.is_empty()
    assert house.accept(house.arrival(HELLO, "ada@example.org")).delivered
    done.set()


def test_after_a_failed_sync_the_file_stays(tmp_path) -> None:
    """DESIGN 5: recovery may find the row, and a row needs its blob."""
    faults = SwitchedFaults()
    house = House(tmp_path, faults)
    try:
        made = house.arrival(HELLO + PADDING, "ada@example.org")
        faults.refuses_syncs = True
        with pytest.raises(SyncFailed):
            house.accept(made)
        assert house.disk.names("blobs") == [made.spooled.name]
        with pytest.raises(SyncFailed):
            house.accept(house.arrival(HELLO, "ada@example.org"))
    finally:
        house.close()


def test_a_full_disk_leaves_nothing_and_recovers(house: House) -> None:
    """Issue 4: nothing half-stored, recovers by itself."""

    def fill(tx) -> None:
        (pages,) = tx.row("PRAGMA page_count")
        tx.row(f"PRAGMA max_page_count = {pages}")

    house.write(fill)
    made = house.arrival(HELLO + PADDING[:200_000], "team@example.org", FRIEND)
    with pytest.raises(DatabaseError, match="full"):
        house.accept(made)
    assert house.is_empty()
    house.write(lambda tx: tx.row("PRAGMA max_page_count = 1000000"))
    assert len(house.accept(made).delivered) == 2
