"""Faults of a simulated disk that several tests ask for."""

from posthouse.runtime.sim.faults import Faults, SyncEnd


class SwitchedFaults(Faults):
    """A disk that refuses to sync while a test says so."""

    refuses_syncs = False

    def next_sync(self) -> SyncEnd:
        return SyncEnd.REFUSED if self.refuses_syncs else super().next_sync()
