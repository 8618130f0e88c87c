"""The group commit keeps the promise: an answer means that the operation is on disk, whole, in its turn."""

import asyncio
import sys
import threading
from collections.abc import Hashable
from pathlib import Path

import apsw
import pytest

from posthouse.database.errors import DatabaseBusy, DatabaseClosed, DiskFull, SyncFailed
from posthouse.database.sqlite.commit_thread import CommitThread
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.sqlite.waiting import WriterSettings
from posthouse.database.sqlite.writer import Writer
from posthouse.database.transaction import Transaction

SMALL = EngineSettings(sqlite=SqliteSettings(log_octets=1 << 20))


def note(text: str):
    """An operation that keeps a line of text and returns how many stand there."""

    def operation(tx: Transaction) -> int:
        tx.insert("INSERT INTO audit (at, actor, action, subject, body) VALUES (0, 'test', 'note', ?, x'')", (text,))
        return int(tx.rows("SELECT count(*) FROM audit")[0][0])

    return operation


def subjects(tx: Transaction) -> list[object]:
    return [subject for (subject,) in tx.rows("SELECT subject FROM audit ORDER BY audit_id")]


def run(scenario, path: Path, settings: EngineSettings = SMALL):
    async def main():
        database = SqliteDatabase(path / "test.db", settings)
        try:
            return await scenario(database)
        finally:
            await database.close()

    return asyncio.run(main())


def test_what_was_answered_is_seen_by_another_connection(tmp_path: Path) -> None:
    """DESIGN 1.1: the future resolves after COMMIT, not before."""

    async def scenario(database: SqliteDatabase) -> None:
        booked = database.write(note("one"))
        assert database.read(subjects) == []
        assert await booked == 1
        assert database.read(subjects) == ["one"]

    run(scenario, tmp_path)


def test_operations_of_one_batch_see_one_another_in_their_turn(tmp_path: Path) -> None:
    """DESIGN 5: an operation reads what stands there, those of its own batch included."""

    async def scenario(database: SqliteDatabase) -> list[int]:
        return await asyncio.gather(*(database.write(note(str(n))) for n in range(5)))

    assert run(scenario, tmp_path) == [1, 2, 3, 4, 5]


def test_an_operation_that_raises_leaves_nothing_and_harms_no_other(tmp_path: Path) -> None:
    """DESIGN 5: operations one after another, each whole or not at all."""

    def half_done(tx: Transaction) -> None:
        note("half")(tx)
        raise ValueError("changed my mind")

    async def scenario(database: SqliteDatabase) -> None:
        outcomes = await asyncio.gather(
            database.write(note("before")),
            database.write(half_done),
            database.write(note("after")),
            return_exceptions=True,
        )
        assert outcomes[0] == 1
        assert isinstance(outcomes[1], ValueError)
        assert outcomes[2] == 2
        assert database.read(subjects) == ["before", "after"]

    run(scenario, tmp_path)


def test_listeners_hear_of_a_change_before_its_caller_does(tmp_path: Path) -> None:
    """DESIGN 5: after a COMMIT listings read forward, then replies are written."""

    async def scenario(database: SqliteDatabase) -> None:
        heard: list[set[Hashable]] = []
        database.listen(heard.append)

        def announcing(tx: Transaction) -> None:
            tx.announce(("mailbox", 7))

        booked = database.write(announcing)
        booked.add_done_callback(lambda _: heard.append({"answered"}))
        await booked
        await asyncio.sleep(0)
        assert heard == [{("mailbox", 7)}, {"answered"}]

    run(scenario, tmp_path)


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """DESIGN 1.6: everything has a limit; beyond it, 4yz and nothing kept."""
    bounds = WriterSettings(waiting_operations_max=3, waiting_octets_max=100)
    settings = EngineSettings(sqlite=SMALL.sqlite, writer=bounds)

    async def scenario(database: SqliteDatabase) -> None:
        first = [database.write(note(str(n)), octets=30) for n in range(3)]
        with pytest.raises(DatabaseBusy):
            await database.write(note("one too many"))
        await asyncio.gather(*first)
        big = database.write(note("bigger than the limit, but alone"), octets=1000)
        with pytest.raises(DatabaseBusy):
            await database.write(note("behind it"), octets=1)
        assert await big == 4

    run(scenario, tmp_path, settings)


def test_a_batch_is_cut_where_its_octets_end(tmp_path: Path) -> None:
    """A bounded batch keeps one turn of the loop short; what is left is the next batch, in order."""
    settings = EngineSettings(sqlite=SMALL.sqlite, writer=WriterSettings(batch_operations_max=2, batch_octets_max=10))

    async def scenario(database: SqliteDatabase) -> None:
        booked = [database.write(note(str(n)), octets=6) for n in range(7)]
        assert await asyncio.gather(*booked) == [1, 2, 3, 4, 5, 6, 7]

    run(scenario, tmp_path, settings)


def test_a_full_disk_refuses_what_does_not_fit_and_goes_on(tmp_path: Path) -> None:
    """DESIGN 5: disk full: nothing half-stored; each member of the void batch is run again alone (STORE: traps)."""

    def wide(octets: int):
        def operation(tx: Transaction) -> int:
            tx.announce(octets)
            tx.insert(
                "INSERT INTO blob (uses, kind, length, encoding, sha256, bytes) "
                "VALUES (1, 'inline', ?, 'plain', x'', ?)",
                (octets, bytes(octets)),
            )
            return octets

        return operation

    async def scenario(database: SqliteDatabase) -> None:
        heard: list[Hashable] = []
        database.listen(heard.extend)
        await database.write(lambda tx: tx.execute("PRAGMA max_page_count=120"))
        outcomes = await asyncio.gather(
            database.write(wide(100)),
            database.write(wide(2_000_000)),
            database.write(wide(200)),
            return_exceptions=True,
        )
        assert outcomes[0] == 100
        assert isinstance(outcomes[1], DiskFull)
        assert outcomes[2] == 200
        assert database.read(lambda tx: tx.rows("SELECT length FROM blob")) == [(100,), (200,)]
        assert heard == [100, 200]    # and nobody was told of what was undone
        await database.write(lambda tx: tx.execute("PRAGMA max_page_count=100000"))
        assert await database.write(wide(2_000_000)) == 2_000_000

    run(scenario, tmp_path)


def test_after_close_nothing_is_taken_and_all_that_was_booked_is_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        database = SqliteDatabase(tmp_path / "test.db", SMALL)
        booked = [database.write(note(str(n))) for n in range(20)]
        await database.close()
        assert [future.result() for future in booked] == list(range(1, 21))
        with pytest.raises(DatabaseClosed):
            await database.write(note("late"))

    asyncio.run(scenario())
    found = apsw.Connection(str(tmp_path / "test.db")).execute("SELECT count(*) FROM audit").fetchall()
    assert found == [(20,)]


def test_a_long_read_runs_aside_and_sees_one_moment(tmp_path: Path) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        await database.write(note("one"))
        assert await database.read_aside(subjects) == ["one"]
        with pytest.raises(ZeroDivisionError):
            await database.read_aside(lambda tx: 1 // 0)

    run(scenario, tmp_path)


def test_a_reading_operation_cannot_write(tmp_path: Path) -> None:
    """A change outside the writer would be acknowledged by nobody."""

    async def scenario(database: SqliteDatabase) -> None:
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            database.read(note("sly"))
        assert database.read(subjects) == []

    run(scenario, tmp_path)


def test_the_log_is_grown_once_and_kept(tmp_path: Path) -> None:
    """STORE: grow the log at start, with zeros, and reuse it; never truncate."""

    async def scenario(database: SqliteDatabase) -> None:
        await database.write(note("one"))

    run(scenario, tmp_path)
    log = tmp_path / "test.db-wal"
    assert log.stat().st_size == 1 << 20
    run(scenario, tmp_path)
    assert log.stat().st_size == 1 << 20


def test_a_batch_that_cannot_be_undone_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be in the way of every later one; whoever owns the process begins anew on what recovery finds."""

    def broken(writer: Writer) -> None:
        raise apsw.IOError("the disk is gone")

    async def scenario(database: SqliteDatabase) -> None:
        failures: list[SyncFailed] = []
        database.on_sync_failed(failures.append)
        monkeypatch.setattr(Writer, "_roll_back", broken)

        def raising(tx: Transaction) -> None:
            raise ValueError("changed my mind")

        outcomes = await asyncio.gather(database.write(note("one")), database.write(raising), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [SyncFailed, SyncFailed]
        assert len(failures) == 1

    run(scenario, tmp_path)


def count_commits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    commits: list[str] = []
    commit = Writer._commit

    def counted(writer: Writer) -> None:
        commits.append("COMMIT")
        commit(writer)

    monkeypatch.setattr(Writer, "_commit", counted)
    return commits


def test_what_each_turn_of_the_loop_brings_shares_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A booked batch grows as long as a turn brings it something."""
    commits = count_commits(monkeypatch)

    async def scenario(database: SqliteDatabase) -> list[int]:
        booked = [database.write(note("0")), database.write(note("1"))]
        for n in range(2, 4):
            await asyncio.sleep(0)
            booked.append(database.write(note(str(n))))
        return await asyncio.gather(*booked)

    assert run(scenario, tmp_path) == [1, 2, 3, 4]
    assert len(commits) == 1


def test_a_batch_that_never_stops_growing_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`batch_turns_max`: whoever came first does not wait for ever."""
    commits = count_commits(monkeypatch)
    bounds = WriterSettings(batch_turns_max=2)

    async def scenario(database: SqliteDatabase) -> None:
        first = database.write(note("first"))
        for n in range(100):
            database.write(note(str(n)))
            await asyncio.sleep(0)
            if commits:
                break
        assert 1 < n < 5
        assert await first == 1

    run(scenario, tmp_path, EngineSettings(sqlite=SMALL.sqlite, writer=bounds))


def test_the_thread_has_begun_a_job_when_its_giver_goes_on() -> None:
    """A loop that is busy does not keep the sync from beginning."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        thread = CommitThread(loop)
        begun: list[int] = []
        for number in range(50):
            done = loop.create_future()
            gate = threading.Event()

            def job(number: int = number, gate: threading.Event = gate) -> None:
                begun.append(number)
                gate.wait(10)

            thread.run(job, done.set_result)
            assert len(begun) == number + 1
            gate.set()
            assert await done is None
        thread.close()

    usual = sys.getswitchinterval()
    sys.setswitchinterval(10)    # seconds: no thread is made to give way
    try:
        asyncio.run(scenario())
    finally:
        sys.setswitchinterval(usual)
