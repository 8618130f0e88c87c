"""The listings in memory: nothing changes before COMMIT; then they are read forward, and sessions woken (DESIGN 5)."""

import asyncio
import gc
import weakref

import pytest

from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import MailboxId, ModSeq
from posthouse.database.sqlite.engine import SqliteDatabase
from posthouse.store.changes import Kind, write_change
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import fold, load_listing
from posthouse.store.mailboxes import create_mailbox, delete_mailbox, make_mailboxes
from posthouse.store.messages import Where, remove
from posthouse.store.opened import MESSAGE_OCTETS, ListingSettings, OpenMailboxes
from posthouse.store.retention import prune_folded
from small_store import ALICE, INBOX, NOON, SMALL, put, uids


def run(scenario, path, *, messages_max: int = 1_000_000) -> None:
    """Run a scenario on a database with ALICE's mailboxes."""

    async def main() -> None:
        database = SqliteDatabase(path / "test.db", SMALL)
        try:
            await database.write(lambda tx: make_mailboxes(tx, ALICE, NOON))
            await scenario(database, OpenMailboxes(database, ListingSettings(messages_max * MESSAGE_OCTETS)))
        finally:
            await database.close()

    asyncio.run(main())


async def deliver(database, where: Where = INBOX, count: int = 1) -> None:
    for _ in range(count):
        await database.write(lambda tx: put(tx, where))


async def made(database, name: str) -> Where:
    return Where(ALICE, await database.write(lambda tx: create_mailbox(tx, ALICE, name, NOON)))


def test_nothing_is_seen_before_its_commit_and_all_of_it_when_its_caller_hears(tmp_path) -> None:
    """DESIGN 5: nothing in memory changes before COMMIT returns; then listings, sessions, replies, in this order."""

    async def scenario(database, opened_mailboxes) -> None:
        inbox = opened_mailboxes.get(*INBOX.key)
        heard: list[object] = []
        opened_mailboxes.watch(inbox, lambda: heard.append(uids(inbox.listing)))
        booked = database.write(lambda tx: put(tx, INBOX))
        booked.add_done_callback(lambda _: heard.append("answered"))
        assert uids(inbox.listing) == []
        await asyncio.sleep(0)
        assert uids(inbox.listing) == []      # the operation has run; its COMMIT has not
        await booked
        await asyncio.sleep(0)
        assert heard == [[1], "answered"]

    run(scenario, tmp_path)


def test_an_operation_that_fails_wakes_nobody(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        inbox = opened_mailboxes.get(*INBOX.key)
        woken: list[int] = []
        opened_mailboxes.watch(inbox, lambda: woken.append(1))
        before = inbox.listing

        def fails(tx):
            put(tx, INBOX)
            raise ValueError

        with pytest.raises(ValueError):
            await database.write(fails)
        assert inbox.listing is before

    run(scenario, tmp_path)


def test_sessions_of_a_mailbox_share_its_listing_and_only_they_are_woken(tmp_path) -> None:
    """STORE.md: one a mailbox and process, shared by its sessions."""

    async def scenario(database, opened_mailboxes) -> None:
        other = await made(database, "Other")
        first, second = opened_mailboxes.get(*INBOX.key), opened_mailboxes.get(*INBOX.key)
        assert first is second
        woken: list[str] = []
        opened_mailboxes.watch(first, lambda: woken.append("inbox"))
        opened_mailboxes.watch(opened_mailboxes.get(*other.key), lambda: woken.append("other"))
        await deliver(database, other)
        assert woken == ["other"]
        await deliver(database)
        assert woken == ["other", "inbox"]

    run(scenario, tmp_path)


def test_who_stops_watching_is_not_woken(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        inbox = opened_mailboxes.get(*INBOX.key)
        woken: list[int] = []

        def wake() -> None:
            woken.append(1)
            opened_mailboxes.unwatch(inbox, wake)      # a session may end because of what it hears

        opened_mailboxes.watch(inbox, wake)
        await deliver(database, count=2)
        assert woken == [1]
        assert uids(inbox.listing) == [1, 2]

    run(scenario, tmp_path)


def test_an_old_listing_stays_as_it_was_for_who_holds_it(tmp_path) -> None:
    """RFC 3501 7.4.1: a session may not be told of EXPUNGE during FETCH; its numbers go on meaning the same."""

    async def scenario(database, opened_mailboxes) -> None:
        await deliver(database, count=3)
        inbox = opened_mailboxes.get(*INBOX.key)
        old = inbox.listing
        await database.write(lambda tx: remove(tx, INBOX, old, ((2, 2),), NOON))
        assert uids(old) == [1, 2, 3]
        assert uids(inbox.listing) == [1, 3]

    run(scenario, tmp_path)


def test_a_deleted_mailbox_is_gone_for_those_who_have_it_open(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        where = await made(database, "Short")
        await deliver(database, where)
        opened = opened_mailboxes.get(*where.key)
        woken: list[bool] = []
        opened_mailboxes.watch(opened, lambda: woken.append(opened.is_gone))
        await database.write(lambda tx: delete_mailbox(tx, ALICE, "Short", NOON))
        assert woken == [True]
        assert uids(opened.listing) == [1]      # what the session still shows
        with pytest.raises(NoSuchMailbox):
            opened_mailboxes.get(*where.key)
        with pytest.raises(NoSuchMailbox):
            await opened_mailboxes.get_aside(*where.key)
        again = await made(database, "Short")
        assert not opened_mailboxes.get(*again.key).is_gone

    run(scenario, tmp_path)


def test_a_mailbox_that_never_was_is_not_opened(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        with pytest.raises(NoSuchMailbox):
            opened_mailboxes.get(ALICE, MailboxId(99))

    run(scenario, tmp_path)


def test_a_listing_loaded_aside_misses_nothing_that_came_meanwhile(tmp_path) -> None:
    """Records written, folded and pruned while the thread reads are in it all the same."""

    async def scenario(database, opened_mailboxes) -> None:
        await deliver(database, count=2)
        loading = asyncio.ensure_future(opened_mailboxes.get_aside(*INBOX.key))
        await asyncio.sleep(0)
        await deliver(database)
        folded = await database.write(lambda tx: fold(tx, *INBOX.key))
        await database.write(lambda tx: prune_folded(tx, INBOX.key, folded))
        inbox = await loading
        assert uids(inbox.listing) == [1, 2, 3]
        assert await opened_mailboxes.get_aside(*INBOX.key) is inbox
        await deliver(database)
        assert uids(inbox.listing) == [1, 2, 3, 4]

    run(scenario, tmp_path)


def test_room_is_made_by_the_least_recently_used_that_nobody_watches(tmp_path) -> None:
    """STORE.md: listings share a byte limit, least recently used leaves. A watched one never does."""

    async def scenario(database, opened_mailboxes) -> None:
        places = {name: await made(database, name) for name in "abcd"}
        for where in places.values():
            await deliver(database, where, count=4)
        opened_mailboxes.watch(opened_mailboxes.get(*places["a"].key), lambda: None)
        still = {name: weakref.ref(opened_mailboxes.get(*places[name].key)) for name in "abc"}
        opened_mailboxes.get(*places["b"].key)
        opened_mailboxes.get(*places["d"].key)
        gc.collect()
        assert [name for name, opened in still.items() if opened() is not None] == ["a", "b"]

    run(scenario, tmp_path, messages_max=13)


def test_one_listing_bigger_than_the_limit_can_still_be_opened(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        await deliver(database, count=5)
        assert uids(opened_mailboxes.get(*INBOX.key).listing) == [1, 2, 3, 4, 5]
        assert len((await opened_mailboxes.get_aside(*INBOX.key)).listing) == 5
        other = await made(database, "Other")
        opened_mailboxes.get(*other.key)
        assert len(opened_mailboxes.get(*INBOX.key).listing) == 5

    run(scenario, tmp_path, messages_max=2)


def test_who_got_a_listing_is_never_left_behind_by_what_makes_room(tmp_path) -> None:
    """Between getting and watching another may need the room: whoever holds the mailbox still sees it grow."""

    async def scenario(database, opened_mailboxes) -> None:
        other = await made(database, "Other")
        await deliver(database, other, count=5)
        await deliver(database, count=5)
        inbox = opened_mailboxes.get(*INBOX.key)
        opened_mailboxes.get(*other.key)
        await deliver(database)
        assert uids(inbox.listing) == [1, 2, 3, 4, 5, 6]
        woken: list[int] = []
        opened_mailboxes.watch(inbox, lambda: woken.append(1))
        assert opened_mailboxes.get(*INBOX.key) is inbox
        await deliver(database)
        assert woken == [1]
        assert uids(inbox.listing) == [1, 2, 3, 4, 5, 6, 7]

    run(scenario, tmp_path, messages_max=5)


def test_what_left_is_loaded_anew_when_it_is_wanted(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        other = await made(database, "Other")
        await deliver(database, other, count=3)
        await deliver(database, count=3)
        opened_mailboxes.get(*INBOX.key)
        opened_mailboxes.get(*other.key)
        gc.collect()
        await deliver(database)
        assert uids(opened_mailboxes.get(*INBOX.key).listing) == [1, 2, 3, 4]

    run(scenario, tmp_path, messages_max=3)


def test_a_damaged_record_ends_its_mailbox_and_harms_no_other(tmp_path) -> None:
    """The writer's callers are answered whatever a listing makes of what was committed."""

    async def scenario(database, opened_mailboxes) -> None:
        other = await made(database, "Other")
        inbox, neighbour = opened_mailboxes.get(*INBOX.key), opened_mailboxes.get(*other.key)
        woken: list[bool] = []
        opened_mailboxes.watch(inbox, lambda: woken.append(inbox.is_gone))

        def damages(tx):
            write_change(tx, INBOX.key, ModSeq(1000), Kind.ADD, b"\x01", NOON)
            put(tx, other)

        await database.write(damages)
        assert woken == [True]
        assert uids(neighbour.listing) == [1]
        with pytest.raises(DatabaseError):
            opened_mailboxes.get(*INBOX.key)

    run(scenario, tmp_path)


def test_listings_in_memory_are_those_that_a_load_finds(tmp_path) -> None:
    async def scenario(database, opened_mailboxes) -> None:
        inbox = opened_mailboxes.get(*INBOX.key)
        await asyncio.gather(*(database.write(lambda tx: put(tx, INBOX)) for _ in range(20)))
        await database.write(lambda tx: fold(tx, *INBOX.key))
        await deliver(database)
        loaded = database.read(lambda tx: load_listing(tx, *INBOX.key))
        assert list(loaded) == list(inbox.listing)
        assert loaded.modseq == inbox.listing.modseq

    run(scenario, tmp_path)
