"""Running one scenario many times, with something going wrong at every sync that it makes.

A `Scenario` prepares a data directory on a disk that holds, acts in it on a simulated disk, and checks what recovery
finds on a real one. `cut_at_every_sync` takes the power away in each sync, `refuse_every_sync` lets each fail; both go
through all of them, from the opening of the database to the end of the act, each with every fate of what was not
synced. A failed check names the run, and its folders stay.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from typing import Protocol

from posthouse.database.errors import DatabaseError, SyncFailed
from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.database.sqlite.checkpoints import CheckpointSettings
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.runtime.disk import Disk, SystemDisk
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter, Survival

DATABASE = "posthouse.db"
LONGEST_RUN_SECONDS = 30    # far more than any takes: a house that hangs fails its test instead of stopping it
TURNS_AFTER_DEATH = 20    # of the loop, in which whatever would still be answered is answered

# A log that is reused soon and moved home often, so that a short act passes through all of the engine.
BUSY_ENGINE = EngineSettings(
    sqlite=SqliteSettings(log_octets=256 << 10, cache_octets=1 << 20),
    checkpoints=CheckpointSettings(copy_frames=4, restart_frames=10, left_frames_max=1),
    threads_inline=True,
)
FATES = ((Survival.NOTHING, 0), (Survival.EVERYTHING, 0), *((Survival.SOME, seed) for seed in range(2)))

_VOLATILE = ignore_patterns("*-shm")    # shared memory, which no crash leaves


@dataclass(slots=True)
class House:
    """A data directory and what opens it. `faults`: of the act's disk, None on one that holds."""

    folder: Path
    database: SqliteDatabase
    disk: Disk
    faults: Faults | None = None
    sync_failures: list[SyncFailed] = field(default_factory=list)


class Scenario(Protocol):
    """What happens in one run. Made anew for each, so it can keep what it was acknowledged."""

    async def prepare(self, house: House) -> None:
        """Put there what the act needs. Done once for all runs, by an instance of its own, on a disk that holds."""

    async def act(self, house: House) -> None:
        """Do what something goes wrong in, keeping what was acknowledged. World errors may be let through."""

    async def check(self, house: House) -> None:
        """Assert, on what recovery found, that what was acknowledged is there and all else is whole or absent."""


def cut_at_every_sync(folder: Path, scenario: Callable[[], Scenario], engine: EngineSettings = BUSY_ENGINE) -> int:
    """Cut the power in each sync of a scenario, and once after its end; returns how many syncs it makes."""
    return _at_every_sync(folder, scenario, engine, lambda number: Faults(cut_at_sync=number))


def refuse_every_sync(folder: Path, scenario: Callable[[], Scenario], engine: EngineSettings = BUSY_ENGINE) -> int:
    """Let each sync of a scenario fail; returns how many it makes.

    Checked is what a process that starts again finds, and what is found when the power goes right after.
    """
    return _at_every_sync(folder, scenario, engine, lambda number: Faults(refuse_at_sync=number))


def run_on_full_disk(
    folder: Path, scenario: Callable[[], Scenario], room_octets: int, engine: EngineSettings = BUSY_ENGINE
) -> None:
    """Run a scenario whose files may grow by so much. The act can make room by `house.faults.give_room`."""
    asyncio.run(_prepare(folder / "template", scenario(), engine))
    _do(_Run(folder, "full", Faults(room_octets=room_octets), Survival.NOTHING, 0, engine), scenario())


@dataclass(frozen=True, slots=True)
class _Run:
    folder: Path
    name: str
    faults: Faults
    survival: Survival
    seed: int
    engine: EngineSettings


def _at_every_sync(
    folder: Path, scenario: Callable[[], Scenario], engine: EngineSettings, faults_at: Callable[[int], Faults]
) -> int:
    asyncio.run(_prepare(folder / "template", scenario(), engine))
    for number in count(1):
        syncs = 0
        for survival, seed in FATES:
            run = _Run(folder, f"{number}-{survival.name.lower()}-{seed}", faults_at(number), survival, seed, engine)
            _do(run, scenario())
            syncs = run.faults.syncs
        if syncs < number:
            return syncs
    raise AssertionError("a count has no end")


async def _prepare(folder: Path, scenario: Scenario, engine: EngineSettings) -> None:
    folder.mkdir(parents=True)
    house = House(folder, SqliteDatabase(folder / DATABASE, engine), SystemDisk(folder))
    await scenario.prepare(house)
    await house.database.close()


def _do(run: _Run, scenario: Scenario) -> None:
    """Act, then check what a power cut leaves, and what stands there if the power stayed."""
    acted, left, kept = (run.folder / f"{run.name}-{stage}" for stage in ("acted", "left", "kept"))
    copytree(run.folder / "template", acted, ignore=_VOLATILE)
    platter = Platter(acted, run.faults, run.survival, run.seed)
    asyncio.run(_act(run, scenario, platter, kept))
    left.mkdir()
    platter.leave_to(left)
    for found in (left, kept):
        if found.exists():
            asyncio.run(_check(run, scenario, found))
    for each in (acted, left, kept):
        rmtree(each, ignore_errors=True)


async def _act(run: _Run, scenario: Scenario, platter: Platter, kept: Path) -> None:
    """Act until the end or the death of the house; then let it close its files, which no longer counts."""
    with _file_system_on(platter) as vfs:
        engine = replace(run.engine, sqlite=replace(run.engine.sqlite, vfs=vfs), threads_inline=True)
        try:
            database = SqliteDatabase(platter.root / DATABASE, engine)
        except DatabaseError:     # it died, or was refused, while it opened: nothing was answered
            assert run.faults.syncs, "only a fault keeps a whole database from opening"
            run.faults.bury()
            return
        house = House(platter.root, database, SimulatedDisk(platter), run.faults)
        try:
            await _until_it_ends(house, run.faults, scenario)
            if not run.faults.power_is_cut:
                copytree(platter.root, kept, ignore=_VOLATILE)    # as a killed process leaves it
        finally:
            run.faults.bury()
            async with asyncio.timeout(LONGEST_RUN_SECONDS):
                await house.database.close()


async def _until_it_ends(house: House, faults: Faults, scenario: Scenario) -> None:
    death: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def sync_failed(failure: SyncFailed) -> None:
        house.sync_failures.append(failure)
        if not death.done():
            death.set_result(None)

    house.database.on_sync_failed(sync_failed)
    faults.on_power_cut = lambda: None if death.done() else death.set_result(None)
    acting = asyncio.ensure_future(scenario.act(house))
    async with asyncio.timeout(LONGEST_RUN_SECONDS):
        await asyncio.wait({acting, death}, return_when=asyncio.FIRST_COMPLETED)
    for _ in range(TURNS_AFTER_DEATH):
        await asyncio.sleep(0)
    if not death.done():
        await acting
        return
    acting.cancel()
    await asyncio.wait({acting})
    error = None if acting.cancelled() else acting.exception()
    if isinstance(error, AssertionError):
        raise error


async def _check(run: _Run, scenario: Scenario, folder: Path) -> None:
    house = House(folder, SqliteDatabase(folder / DATABASE, run.engine), SystemDisk(folder))
    try:
        assert house.database.read(lambda tx: tx.rows("PRAGMA integrity_check")) == [("ok",)]
        await scenario.check(house)
    except AssertionError as error:
        error.add_note(f"in the run {run.name}: see {folder}")
        raise
    finally:
        await house.database.close()


@contextmanager
def _file_system_on(platter: Platter) -> Iterator[str]:
    name = f"simulated-{id(platter):x}"
    vfs = SimulatedVfs(name, platter)
    try:
        yield name
    finally:
        vfs.unregister()
