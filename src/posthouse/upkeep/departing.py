"""Files that no row names any more: removed after a grace for those who still read them.

What is forgotten here by a process that ends is an orphan, and removed after the next start (`orphans.py`).
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from posthouse.runtime.clock import Clock
from posthouse.runtime.disk import Disk

GRACE_SECONDS: Final = 24 * 3600.0    # longer than any FETCH or RETR may take, and any check of the store
FILES_A_TURN: Final = 1_000


class DepartingFiles:
    """Files on their way out."""

    name = "departing files"
    seconds_before = 60.0
    seconds_between = 60.0

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        self._waiting: deque[tuple[float, str]] = deque()

    def add(self, names: Iterable[str]) -> None:
        """Let files go whose rows are gone: their COMMIT has returned."""
        due = self._clock.monotonic() + GRACE_SECONDS
        self._waiting.extend((due, name) for name in names)

    async def turn(self) -> None:
        """Remove the files whose grace is over."""
        now = self._clock.monotonic()
        for _ in range(FILES_A_TURN):
            if not self._waiting or self._waiting[0][0] > now:
                return
            await asyncio.to_thread(self._disk.remove, self._waiting[0][1])
            self._waiting.popleft()
