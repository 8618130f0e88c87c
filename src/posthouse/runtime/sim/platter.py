"""What would be found after a power cut: the durable state of a folder beside the one that its user sees.

The files themselves lie in a real folder, so that whoever reads them reads what was written; this keeps, beside each,
what has been synced, and the writes since. The model is as hard as POSIX allows: a sync makes one file's octets
durable, never its name; a name is durable once its folder was synced; until then writes and names survive or not, in
any order, a write in any of its sectors; and after a sync that failed, a later one brings nothing back that the first
has dropped (the kernel marks the pages clean: "fsyncgate", 2018).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from shutil import copyfile
from typing import Final

from posthouse.runtime.sim.faults import Faults, PowerCut, SyncEnd, sync_refused

SECTOR_OCTETS: Final = 512    # the smallest unit that disks write whole


class Survival(Enum):
    """What becomes of writes that no sync has made durable."""

    NOTHING = auto()       # the disk had written none of them
    SOME = auto()          # some sectors of some, as the seed says
    EVERYTHING = auto()    # all of them: only the answer was lost


@dataclass(frozen=True, slots=True)
class Written:
    """Octets that stand at an offset."""

    offset: int
    octets: bytes

    def apply(self, content: bytearray) -> None:
        end = self.offset + len(self.octets)
        if len(content) < self.offset:
            content.extend(bytes(self.offset - len(content)))    # a hole reads as zeros
        content[self.offset : end] = self.octets


@dataclass(frozen=True, slots=True)
class Truncated:
    """A file cut to a length."""

    length: int

    def apply(self, content: bytearray) -> None:
        del content[self.length :]


Change = Written | Truncated


@dataclass(slots=True)
class StoredFile:
    """One file as the disk has it, whatever its name is by now."""

    durable: bytearray
    octets: int    # as its user sees it
    unsynced: list[Change] = field(default_factory=list)


class Platter:
    """A folder on a disk that can lose power. Names are relative to it, with slashes."""

    def __init__(self, root: Path, faults: Faults, survival: Survival = Survival.NOTHING, seed: int = 0) -> None:
        """What lies in `root` now is durable. `seed`: what survives under Survival.SOME."""
        self.root = root
        self.faults = faults
        self._survival = survival
        self._random = random.Random(seed)
        self._likelihood = self._random.choice((0.1, 0.5, 0.9))
        self._names: dict[str, StoredFile] = {}             # as its user sees them; only files that were opened
        self._durable_names: dict[str, StoredFile | None] = {}    # None: as it lies in the root, never opened
        self._unsynced_names: list[tuple[str, StoredFile | None]] = []    # None: removed
        for path in root.rglob("*"):
            if path.is_file():
                self._durable_names[str(path.relative_to(root))] = None

    def open(self, name: str) -> StoredFile:
        """The file of that name; a new one, whose name is not durable yet, if there is none."""
        stored = self._names.get(name)
        if stored is not None:
            return stored
        path = self.root / name
        content = path.read_bytes() if path.exists() else b""
        stored = self._names[name] = StoredFile(bytearray(content), len(content))
        if self.faults.is_over:
            return stored
        if name in self._durable_names and self._durable_names[name] is None:
            self._durable_names[name] = stored
        else:
            self._unsynced_names.append((name, stored))
        return stored

    def write(self, stored: StoredFile, octets: bytes, offset: int) -> int:
        """Note a write; returns how many of the octets there was room for. Raises PowerCut."""
        self.faults.require_power()
        growth = max(0, offset + len(octets) - stored.octets)
        fitting = len(octets) - (growth - self.faults.take_room(growth))
        if fitting > 0:
            stored.octets = max(stored.octets, offset + fitting)
            self._note(stored, Written(offset, octets[:fitting]))
        return max(0, fitting)

    def truncate(self, stored: StoredFile, length: int) -> None:
        """Note that a file was cut. Raises PowerCut."""
        self.faults.require_power()
        self.faults.give_room(max(0, stored.octets - length))
        stored.octets = min(stored.octets, length)
        self._note(stored, Truncated(length))

    def sync(self, stored: StoredFile) -> None:
        """Make a file's octets durable. Raises PowerCut; OSError when the disk refuses."""
        if self.faults.is_buried:
            return
        end = self.faults.next_sync()
        surviving: Iterator[Change] = iter(stored.unsynced) if end is SyncEnd.DONE else self._surviving(stored)
        for change in surviving:
            change.apply(stored.durable)
        stored.unsynced.clear()
        _raise_unless_done(end)

    def sync_folder(self, folder: str) -> None:
        """Make the names in a folder durable ("." is the root). Raises PowerCut; OSError when the disk refuses."""
        if self.faults.is_buried:
            return
        end = self.faults.next_sync()
        here = [entry for entry in self._unsynced_names if str(PurePosixPath(entry[0]).parent) == folder]
        for name, stored in here:
            if end is SyncEnd.DONE or self._survives():
                self._enter(name, stored)
        self._unsynced_names = [entry for entry in self._unsynced_names if entry not in here]
        _raise_unless_done(end)

    def remove(self, name: str) -> None:
        """Note that a name was taken away; it may come back until its folder is synced. Raises PowerCut."""
        self.faults.require_power()
        if not (self.root / name).exists():
            return
        self.faults.give_room(self.open(name).octets)    # opened: what may come back must be known
        del self._names[name]
        if not self.faults.is_over:
            self._unsynced_names.append((name, None))

    def leave_to(self, folder: Path) -> None:
        """Write into an empty folder what a power cut now leaves. Decides what survives: to be called once."""
        for name, stored in self._unsynced_names:
            if self._survives():
                self._enter(name, stored)
        for name, stored in self._durable_names.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if stored is None:
                copyfile(self.root / name, target)
                continue
            for change in self._surviving(stored):
                change.apply(stored.durable)
            target.write_bytes(stored.durable)

    def _note(self, stored: StoredFile, change: Change) -> None:
        if not self.faults.is_over:
            stored.unsynced.append(change)

    def _enter(self, name: str, stored: StoredFile | None) -> None:
        if stored is None:
            self._durable_names.pop(name, None)
        else:
            self._durable_names[name] = stored

    def _survives(self) -> bool:
        if self._survival is Survival.SOME:
            return self._random.random() < self._likelihood
        return self._survival is Survival.EVERYTHING

    def _surviving(self, stored: StoredFile) -> Iterator[Change]:
        for change in stored.unsynced:
            for piece in _sectors(change):
                if self._survives():
                    yield piece


def _sectors(change: Change) -> Iterator[Change]:
    """A write cut at the borders of sectors, each of which a disk writes whole or not at all."""
    if isinstance(change, Truncated):
        yield change
        return
    first = 0
    while first < len(change.octets):
        last = first + SECTOR_OCTETS - (change.offset + first) % SECTOR_OCTETS
        yield Written(change.offset + first, change.octets[first:last])
        first = last


def _raise_unless_done(end: SyncEnd) -> None:
    if end is SyncEnd.CUT:
        raise PowerCut
    if end is SyncEnd.REFUSED:
        raise sync_refused()
