"""What goes wrong with the disk, and when: one plan for all simulated parts of a run, counted over all files."""

import os
from collections.abc import Callable
from enum import Enum, auto
from errno import EIO, ENOSPC


class PowerCut(OSError):
    """The machine has lost power: whatever asks the disk from now on is dead already."""

    def __init__(self) -> None:
        super().__init__(EIO, "the power is cut")


class SyncEnd(Enum):
    """How one sync ends."""

    DONE = auto()       # everything written before is on the platter
    REFUSED = auto()    # an error is reported; what was written may be there or not, now and for ever
    CUT = auto()        # the power goes while it runs


class Faults:
    """Counts syncs and room, and says when something goes wrong. One a run; not for use by two threads at once."""

    __slots__ = ("_cut_at_sync", "_refuse_at_sync", "is_buried", "on_power_cut", "power_is_cut", "room_octets", "syncs")

    def __init__(
        self, *, cut_at_sync: int | None = None, refuse_at_sync: int | None = None, room_octets: int | None = None
    ) -> None:
        """`cut_at_sync`, `refuse_at_sync`: the number of a sync, counted from 1. `room_octets`: by how much files may
        grow before the disk is full."""
        self._cut_at_sync = cut_at_sync
        self._refuse_at_sync = refuse_at_sync
        self.room_octets = room_octets
        self.syncs = 0
        self.power_is_cut = False
        self.is_buried = False
        self.on_power_cut: Callable[[], None] = lambda: None

    def require_power(self) -> None:
        """Raises PowerCut once the power is gone, until the dead process is buried."""
        if self.power_is_cut and not self.is_buried:
            raise PowerCut

    @property
    def is_over(self) -> bool:
        """Whether nothing that is written counts any more."""
        return self.power_is_cut or self.is_buried

    def next_sync(self) -> SyncEnd:
        """Count one more sync and say how it ends. Raises PowerCut."""
        self.require_power()
        self.syncs += 1
        if self.syncs == self._cut_at_sync:
            self.cut_power()
            return SyncEnd.CUT
        return SyncEnd.REFUSED if self.syncs == self._refuse_at_sync else SyncEnd.DONE

    def cut_power(self) -> None:
        """The power goes now."""
        self.power_is_cut = True
        self.on_power_cut()

    def bury(self) -> None:
        """Let a process that is dead by the plan close its files without an error; nothing that it does counts."""
        self.is_buried = True
        self.room_octets = None

    def take_room(self, octets: int) -> int:
        """How many of `octets` by which a file wants to grow there is room for."""
        if self.room_octets is None:
            return octets
        taken = min(octets, self.room_octets)
        self.room_octets -= taken
        return taken

    def give_room(self, octets: int) -> None:
        """So many octets are free again."""
        if self.room_octets is not None:
            self.room_octets += octets


def sync_refused() -> OSError:
    """What fsync reports when the device could not write (fsync(2): EIO)."""
    return OSError(EIO, os.strerror(EIO))


def no_room() -> OSError:
    """What write reports when the disk is full (write(2): ENOSPC)."""
    return OSError(ENOSPC, os.strerror(ENOSPC))
