"""The supervisor and its worker: who holds the sockets, who restarts whom, and who ends with whom.

The supervisor binds every socket before it forks, has no thread and no loop, and does nothing but wait: for signals,
for a worker that says it is ready, for one that has died. The worker is a fork of it. Two pipes join them: one tells
the supervisor that the worker serves, the other tells the worker, by its end, that the supervisor is gone.

A worker that dies is started again; the sockets stay open meanwhile, so no waiting connection is lost.
"""

import asyncio
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol

STOP_SECONDS_MAX: Final = 15.0           # a worker takes 10 to finish what is in flight (doors/connections.py)
QUICK_DEATH_SECONDS: Final = 5.0         # a worker that lives shorter is not started again at once
PAUSE_SECONDS_MAX: Final = 5.0
QUICK_DEATHS_MAX: Final = 8              # in a row: then something is wrong that no restart mends
SUPERVISOR_GONE: Final = 70
SYNC_FAILED: Final = 75                  # EX_TEMPFAIL: the next worker starts on what recovery finds

_WATCHED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Worker:
    """The worker's end: what it hears from its supervisor, and tells it. Made on the worker's loop."""

    def __init__(self, ready_pipe: int, death_pipe: int) -> None:
        self._ready_pipe = ready_pipe
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_reader(death_pipe, lambda: os._exit(SUPERVISOR_GONE))
        self._loop = loop

    def ready(self) -> None:
        """Tell the supervisor that every door is open."""
        os.write(self._ready_pipe, b"\n")

    async def stop(self) -> None:
        """Wait until told to stop."""
        await self._stop.wait()

    def on_reload(self, do: Callable[[], None]) -> None:
        """Have `do` called when files are to be read again (SIGHUP)."""
        self._loop.add_signal_handler(signal.SIGHUP, do)

    def sync_failed(self, failure: Exception) -> NoReturn:
        """End the process at once, without a word to any peer (DESIGN 5)."""
        os._exit(SYNC_FAILED)


class Observer(Protocol):
    """Who is told what the supervisor sees."""

    def ready(self) -> None:
        """The first worker serves."""

    def died(self, status: int, *, starts_again: bool) -> None:
        """A worker ended that was not told to: its exit status, or minus the number of the signal that killed it."""


@dataclass(slots=True)
class _Child:
    """One worker under way."""

    pid: int
    ready_pipe: int
    began: float
    serves: bool = False


@dataclass(slots=True)
class Supervisor:
    """Runs `work(ready_pipe, death_pipe)` in a worker, which returns its exit status, and again when it dies."""

    work: Callable[[int, int], int]
    observer: Observer
    _child: _Child | None = None
    _quick_deaths: int = 0
    _start_at: float = 0.0
    _has_served: bool = False
    _stopping_since: float | None = None
    _pipes: tuple[int, int] = field(default=(-1, -1))     # the death pipe
    _signals: tuple[int, int] = field(default=(-1, -1))

    def run(self) -> int:
        """Supervise until told to stop (SIGTERM, SIGINT); returns the exit status.

        0 when the worker ended as it should; the worker's own status when the first one could not begin; 1 when workers
        keep dying.
        """
        self._pipes = os.pipe()
        self._signals = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = {number: signal.signal(number, lambda number, frame: None) for number in _WATCHED}
        old_wakeup = signal.set_wakeup_fd(self._signals[1], warn_on_full_buffer=False)
        try:
            return self._supervise()
        finally:
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            for descriptor in (*self._pipes, *self._signals):
                os.close(descriptor)

    def _supervise(self) -> int:
        self._start()
        while True:
            for number in self._wait():
                self._heard(number)
            status = self._reap()
            if status is not None:
                return status
            if self._child is None and time.monotonic() >= self._start_at:
                self._start()
            if self._stopping_since is not None and time.monotonic() > self._stopping_since + STOP_SECONDS_MAX:
                self._send(signal.SIGKILL)

    def _wait(self) -> bytes:
        """Wait for a signal, a worker's readiness, or the time of the next start; the signals that came."""
        reading = [self._signals[0]]
        if self._child is not None and not self._child.serves:
            reading.append(self._child.ready_pipe)
        seconds = 1.0 if self._child is not None else max(0.0, self._start_at - time.monotonic())
        readable, _, _ = select.select(reading, [], [], seconds)
        if self._child is not None and self._child.ready_pipe in readable:
            self._hear_ready(self._child)
        return os.read(self._signals[0], 512) if self._signals[0] in readable else b""

    def _hear_ready(self, child: _Child) -> None:
        child.serves = True
        if os.read(child.ready_pipe, 1) and not self._has_served:
            self._has_served = True
            self.observer.ready()

    def _heard(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._send(signal.SIGHUP)
        elif number in (signal.SIGTERM, signal.SIGINT):
            # A second one is meant: whoever presses Ctrl-C twice does not want to wait.
            self._send(signal.SIGTERM if self._stopping_since is None else signal.SIGKILL)
            self._stopping_since = self._stopping_since or time.monotonic()

    def _send(self, number: int) -> None:
        if self._child is not None:
            os.kill(self._child.pid, number)

    def _reap(self) -> int | None:
        """Look whether the worker has ended; the supervisor's own exit status when it is to end too."""
        child = self._child
        if child is None:
            return 0 if self._stopping_since is not None else None
        pid, waited = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0:
            return None
        status = os.waitstatus_to_exitcode(waited)
        os.close(child.ready_pipe)
        self._child = None
        if self._stopping_since is not None:
            return 0 if status == 0 else 1
        return self._after_death(child, status)

    def _after_death(self, child: _Child, status: int) -> int | None:
        if not self._has_served:
            return status if status > 0 else 1      # it said why itself
        lived = time.monotonic() - child.began
        self._quick_deaths = self._quick_deaths + 1 if lived < QUICK_DEATH_SECONDS else 0
        starts_again = self._quick_deaths <= QUICK_DEATHS_MAX
        self.observer.died(status, starts_again=starts_again)
        if not starts_again:
            return 1
        pause = min(PAUSE_SECONDS_MAX, 0.1 * (2 ** (self._quick_deaths - 1))) if self._quick_deaths > 1 else 0.0
        self._start_at = time.monotonic() + pause
        return None

    def _start(self) -> None:
        ready_read, ready_write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(ready_read)
            self._be_worker(ready_write)
        os.close(ready_write)
        self._child = _Child(pid, ready_read, time.monotonic())

    def _be_worker(self, ready_pipe: int) -> NoReturn:
        """The fork: nothing of the supervisor's is to run in it, whatever happens."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)      # Ctrl-C reaches the whole group: it is the supervisor's
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(self._pipes[1])
            status = self.work(ready_pipe, self._pipes[0])
        except BaseException:  # noqa: BLE001 - nothing may climb out of the fork into the supervisor's frames
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
