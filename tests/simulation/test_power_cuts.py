"""The group commit on a disk that loses what was not synced, refuses to sync, or is full.

The operations are the smallest that have two parts which must stand or fall together.
"""

import asyncio
from pathlib import Path

import pytest

from posthouse.database.errors import DiskFull, SyncFailed
from posthouse.database.transaction import Transaction
from posthouse.runtime.sim.faults import PowerCut
from simulation.harness import House, cut_at_every_sync, refuse_every_sync, run_on_full_disk


def pair(name: str, octets: int = 0):
    """An operation of two rows in two tables."""

    def operation(tx: Transaction) -> str:
        tx.insert(
            "INSERT INTO audit (at, actor, action, subject, body) VALUES (0, 'test', 'pair', ?, ?)",
            (name, bytes(octets)),
        )
        tx.insert("INSERT INTO tenant (name) VALUES (?)", (name,))
        return name

    return operation


def found_in(house: House) -> list[str]:
    """The names that stand there, in order; each must stand in both tables or in none."""
    first = house.database.read(lambda tx: tx.rows("SELECT subject FROM audit ORDER BY audit_id"))
    second = house.database.read(lambda tx: tx.rows("SELECT name FROM tenant WHERE tenant_id > 1 ORDER BY tenant_id"))
    assert first == second, "an operation stands there in part"
    return [str(name) for (name,) in first]


class Pairs:
    """Several callers, each with its own operations, several to a commit."""

    callers, rounds, octets = 3, 6, 900

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.acted: House | None = None

    async def prepare(self, house: House) -> None:
        await house.database.write(pair("before"))

    async def act(self, house: House) -> None:
        self.acted = house
        await asyncio.gather(*(self._call(house, caller) for caller in range(self.callers)))

    async def _call(self, house: House, caller: int) -> None:
        for number in range(self.rounds):
            self.acknowledged.append(await house.database.write(pair(f"{caller}-{number}", self.octets)))

    async def check(self, house: House) -> None:
        found = found_in(house)
        assert found[0] == "before"
        assert len(found) == len(set(found)), "an operation stands there twice"
        missing = set(self.acknowledged) - set(found)
        assert not missing, f"acknowledged and lost: {missing}"
        for caller in range(self.callers):    # whoever waits for an answer before going on is never overtaken
            mine = [name for name in found if name.startswith(f"{caller}-")]
            assert mine == [f"{caller}-{number}" for number in range(len(mine))]


def test_a_power_cut_at_any_sync_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """DESIGN 1.1: every acknowledgement means durable; 5: each operation whole or not at all."""
    syncs = cut_at_every_sync(tmp_path, Pairs)
    assert syncs > 6, "commits, copies home and restarts of the log were to be cut"


class RefusedPairs(Pairs):
    """The same; nobody may be answered after a sync has failed."""

    async def _call(self, house: House, caller: int) -> None:
        try:
            await super()._call(house, caller)
        except SyncFailed:
            assert len(house.sync_failures) == 1, "the owner of the process hears first, and once"
            with pytest.raises(SyncFailed):
                await house.database.write(pair("after the failure"))


def test_after_a_failed_sync_nobody_is_answered_and_recovery_finds_a_whole_file(tmp_path: Path) -> None:
    """DESIGN 7.4: what failed may still be found after a crash, so no reply at all is given."""
    runs: list[RefusedPairs] = []

    def scenario() -> RefusedPairs:
        runs.append(RefusedPairs())
        return runs[-1]

    syncs = refuse_every_sync(tmp_path, scenario)
    failed = [run for run in runs if run.acted is not None and run.acted.sync_failures]
    assert len(failed) > syncs, "most syncs are commits', and each failed with several fates of what was written"
    everything = RefusedPairs.callers * RefusedPairs.rounds
    assert all(len(run.acknowledged) < everything for run in failed)


class Filling:
    """Operations of several sizes while the disk fills; then room is made."""

    sizes = (300, 40_000, 500, 600_000, 100, 60_000, 100)

    def __init__(self) -> None:
        self.acknowledged: list[str] = []

    async def prepare(self, house: House) -> None:
        await house.database.write(pair("before"))

    async def act(self, house: House) -> None:
        alone = [await self._try(house, f"alone {n}", size) for n, size in enumerate(self.sizes)]
        assert True in alone, "what fits is taken"
        assert False in alone, "what does not fit is refused"
        await asyncio.gather(*(self._try(house, f"together {n}", size) for n, size in enumerate(self.sizes)))
        assert house.faults is not None
        house.faults.give_room(10 << 20)
        self.acknowledged += await asyncio.gather(
            *(house.database.write(pair(f"again {n}", size)) for n, size in enumerate(self.sizes))
        )
        assert not house.sync_failures

    async def _try(self, house: House, name: str, size: int) -> bool:
        try:
            self.acknowledged.append(await house.database.write(pair(name, size)))
        except DiskFull:
            return False
        return True

    async def check(self, house: House) -> None:
        assert found_in(house) == ["before", *self.acknowledged]


@pytest.mark.parametrize("room_octets", [0, 4_000, 30_000, 100_000, 250_000])
def test_a_full_disk_refuses_what_does_not_fit_and_goes_on_when_there_is_room(tmp_path: Path, room_octets: int) -> None:
    """Issue: disk full: nothing half-stored, recovers by itself."""
    run_on_full_disk(tmp_path, Filling, room_octets)


class Spilled:
    """Bodies in files, each synced before the row that names it."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []

    async def prepare(self, house: House) -> None:
        pass

    async def act(self, house: House) -> None:
        for number in range(3):
            name = f"blobs/0{number % 2}/{number}"
            file = house.disk.create(name)
            for _ in range(3):
                file.write(name.encode() * 1_000)
            try:
                file.finish()
            except PowerCut:
                raise
            except OSError:    # refused: the name is given up, and no row may ever have it
                continue
            self.acknowledged.append(await house.database.write(pair(name)))

    async def check(self, house: House) -> None:
        found = found_in(house)
        assert found[:len(self.acknowledged)] == self.acknowledged
        for name in found:
            assert house.disk.read(name, 0, 1 << 20) == name.encode() * 3_000


def test_a_row_never_names_a_file_that_is_not_whole(tmp_path: Path) -> None:
    """DESIGN 5: synced, then its directory, before the row that names it."""
    assert cut_at_every_sync(tmp_path / "cut", Spilled) >= 9
    refuse_every_sync(tmp_path / "refused", Spilled)


class Careless(Spilled):
    """What must not be done: the row first, and the file's folder never synced."""

    async def act(self, house: House) -> None:
        self.acknowledged.append(await house.database.write(pair("blobs/0")))
        file = house.disk.create("blobs/0")
        file.write(b"blobs/0" * 3_000)
        file.finish()


def test_the_simulated_disk_finds_a_row_that_names_too_early(tmp_path: Path) -> None:
    """A harness that never fails proves nothing."""
    with pytest.raises((AssertionError, FileNotFoundError)):
        cut_at_every_sync(tmp_path, Careless)


class Hasty(Pairs):
    """What must not be done: to take what runs for what is kept."""

    async def _call(self, house: House, caller: int) -> None:
        def operation(tx: Transaction) -> None:
            pair(f"{caller}-0")(tx)
            self.acknowledged.append(f"{caller}-0")

        await house.database.write(operation)


def test_the_simulated_disk_finds_an_answer_before_the_commit(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="acknowledged and lost"):
        cut_at_every_sync(tmp_path, Hasty)
