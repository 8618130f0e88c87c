"""The one thread on which COMMIT and checkpoints run, and its twin for simulation."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

Job = Callable[[], None]
Done = Callable[[BaseException | None], None]


class CommitRunner(Protocol):
    """Where what blocks is run: a thread of its own, or at once in simulation."""

    def run(self, job: Job, done: Done) -> None:
        """Run `job` away from the loop, then `done(its exception or None)` in the loop."""

    def close(self) -> None:
        """End after the jobs that were given."""


class CommitThread:
    """Runs one job at a time; its `done` is called in the loop. Cheaper than an executor: no future a job.

    Whoever gives a job waits until the thread has begun it, some 50 us. A thread that merely asks for Python's lock
    (GIL) gets it once the loop has nothing left to do, and each sync would begin half a millisecond late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: SimpleQueue[tuple[Job, Done] | None] = SimpleQueue()
        self._has_begun: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def run(self, job: Job, done: Done) -> None:
        """Run `job` on the thread, then `done(its exception or None)` in the loop; only then the next."""
        self._jobs.put((job, done))
        self._has_begun.get()

    def close(self) -> None:
        """End the thread after the jobs that it has."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (booked := self._jobs.get()) is not None:
            job, done = booked
            error: BaseException | None = None
            self._has_begun.put(None)
            try:
                job()
            except BaseException as raised:  # noqa: BLE001 - carried to the loop, which owns it
                error = raised
            self._loop.call_soon_threadsafe(done, error)


class InlineCommits:
    """The same at once, on the caller's thread: for simulation, where time and order are the simulator's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, job: Job, done: Done) -> None:
        """Run `job` now, and `done(its exception or None)` in the loop's next turn."""
        error: BaseException | None = None
        try:
            job()
        except BaseException as raised:  # noqa: BLE001 - as above
            error = raised
        self._loop.call_soon(done, error)

    def close(self) -> None:
        """Nothing to end."""
