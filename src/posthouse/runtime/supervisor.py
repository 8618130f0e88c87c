"""The supervisor: holds the listening sockets for ever, and a worker that may die.

It is given sockets that are bound, forks before any thread or event loop exists, and then only waits: a worker's death
loses no waiting connection. A worker that has died is started again, more slowly when workers die at once, and not any
more when they go on doing so (`restarts`).

    SIGTERM, SIGINT   the worker finishes what is in flight and exits; then the supervisor ends with 0
    SIGHUP            is handed on: the worker reads its certificates again (with --dev all stops)
"""

import math
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NoReturn

from posthouse.runtime.clock import Clock
from posthouse.runtime.journal import Event, Journal, Severity, traceback_of
from posthouse.runtime.process import ExitCode, WorkerLink, has_said_ready
from posthouse.runtime.restarts import GiveUp, RestartLimits, Restarts, StartAgain

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Hangup(Enum):
    """What SIGHUP means."""

    RELOADS = auto()
    STOPS = auto()    # --dev: when its terminal is closed nobody is left to stop the server


class WorkerReady(Event, frozen=True):
    """A worker serves."""

    pid: int


class WorkerDied(Event, frozen=True):
    """A worker has ended unasked."""

    severity = Severity.FAULT
    pid: int
    how: str


class WorkerFailed(Event, frozen=True):
    """The exception that ended a worker's whole work, told by the worker itself."""

    severity = Severity.FAULT
    traceback: str


class WorkerKilled(Event, frozen=True):
    """A worker has not stopped in time."""

    severity = Severity.FAULT
    pid: int
    seconds: float


class SupervisorGaveUp(Event, frozen=True):
    severity = Severity.FAULT
    reason: str


@dataclass(slots=True)
class _Worker:
    """A worker process that lives, or whose death we have not heard of yet."""

    pid: int
    readiness: int | None           # our end of its pipe, until it has spoken or died
    ready_at: float | None = None


@dataclass(frozen=True, slots=True)
class Milestones:
    """What is called when the first worker serves, and when no other one will be started."""

    ready: Callable[[], None]
    stopping: Callable[[], None]


class Supervisor:
    """One worker, and everything about its life and death. `run` once, on the main thread of a process without others.

    `work` is a worker's whole life, called in each forked child.
    """

    def __init__(
        self,
        work: Callable[[WorkerLink], ExitCode],
        milestones: Milestones,
        *,
        clock: Clock,
        journal: Journal,
        hangup: Hangup = Hangup.RELOADS,
        limits: RestartLimits = RestartLimits(),    # noqa: B008 it is frozen
    ) -> None:
        self._work = work
        self._when_ready: Callable[[], None] | None = milestones.ready
        self._when_stopping = milestones.stopping
        self._clock = clock
        self._journal = journal
        self._hangup = hangup
        self._limits = limits
        self._restarts = Restarts(limits)
        self._worker: _Worker | None = None
        self._start_at: float | None = None    # when a pause between two workers ends
        self._kill_at: float | None = None     # set when stopping: how long the worker may take
        self._lifeline = os.pipe()             # never written to: its end is our death

    def run(self) -> ExitCode:
        """Keep a worker at work until a signal says to stop, or starting one is of no use."""
        try:
            with _signals_on_a_pipe() as signals:
                self._start()
                while True:
                    ended = self._wait_once(signals)
                    if ended is not None:
                        return ended
        finally:
            os.close(self._lifeline[0])
            os.close(self._lifeline[1])

    # ---- waiting -----------------------------------------------------------------------------------------------------

    def _wait_once(self, signals: int) -> ExitCode | None:
        """Wait for a signal, for the worker, or for a time that was set; our own end when it has come to that."""
        poll = select.poll()
        poll.register(signals, select.POLLIN)
        readiness = self._worker.readiness if self._worker is not None else None
        if readiness is not None:
            poll.register(readiness, select.POLLIN)
        readable = {descriptor for descriptor, _ in poll.poll(self._milliseconds_to_wait())}
        if readiness in readable:
            self._heard_readiness()
        if signals in readable:
            for number in os.read(signals, 4_096):
                ended = self._on_signal(number)
                if ended is not None:
                    return ended
        self._look_at_the_clock()
        return None

    def _milliseconds_to_wait(self) -> float | None:
        moments = [moment for moment in (self._start_at, self._kill_at) if moment is not None and moment < math.inf]
        return max(0.0, min(moments) - self._clock.monotonic()) * 1_000 + 1 if moments else None

    def _look_at_the_clock(self) -> None:
        now = self._clock.monotonic()
        if self._start_at is not None and self._start_at <= now:
            self._start()
        if self._kill_at is not None and self._kill_at <= now and self._worker is not None:
            self._journal.write(WorkerKilled(pid=self._worker.pid, seconds=self._limits.stop_seconds_max))
            self._kill_at = math.inf
            os.kill(self._worker.pid, signal.SIGKILL)

    def _on_signal(self, number: int) -> ExitCode | None:
        if number == signal.SIGCHLD:
            return self._reap()
        if number == signal.SIGHUP and self._hangup is Hangup.RELOADS:
            if self._worker is not None:
                os.kill(self._worker.pid, signal.SIGHUP)
            return None
        return self._stop()

    # ---- the worker's life -------------------------------------------------------------------------------------------

    def _start(self) -> None:
        ours, theirs = os.pipe()
        self._start_at = None
        sys.stdout.flush()    # or the child would print it again
        sys.stderr.flush()
        # Held back until the child has handlers of its own: with ours it would swallow a SIGTERM of its first moment.
        held_back = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            os.close(self._lifeline[1])
            self._be_a_worker(WorkerLink(self._lifeline[0], theirs))
        os.close(theirs)
        self._worker = _Worker(pid, ours)
        signal.pthread_sigmask(signal.SIG_SETMASK, held_back)

    def _be_a_worker(self, link: WorkerLink) -> NoReturn:
        """All that happens in the child. It must not return: the supervisor's own stack lies below."""
        code = ExitCode.FAULT
        try:
            _take_signals_as_a_worker()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            code = self._work(link)
        except BaseException as failure:    # noqa: BLE001 the boundary of a whole process
            self._journal.write(WorkerFailed(traceback=traceback_of(failure)))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _heard_readiness(self) -> None:
        worker = self._worker
        if worker is None or worker.readiness is None:
            return
        if has_said_ready(worker.readiness):
            worker.ready_at = self._clock.monotonic()
            self._journal.write(WorkerReady(pid=worker.pid))
            if self._when_ready is not None:
                self._when_ready()
                self._when_ready = None
        os.close(worker.readiness)
        worker.readiness = None

    def _stop(self) -> ExitCode | None:
        """Ask the worker to finish; asked again, wait as before."""
        if self._worker is None:
            return ExitCode.DONE
        if self._kill_at is None:
            self._kill_at = self._clock.monotonic() + self._limits.stop_seconds_max
            os.kill(self._worker.pid, signal.SIGTERM)
            self._when_stopping()
        return None

    def _reap(self) -> ExitCode | None:
        """Hear of the worker's death, if that is what SIGCHLD told."""
        worker = self._worker
        if worker is None:
            return None
        pid, status = os.waitpid(worker.pid, os.WNOHANG)
        if pid == 0:
            return None
        if worker.readiness is not None:
            self._heard_readiness()
        self._worker = None
        code = os.waitstatus_to_exitcode(status)
        if self._kill_at is not None:
            return ExitCode.DONE if code in {ExitCode.DONE, -signal.SIGTERM} else ExitCode.FAULT
        return self._after_death(worker, code)

    def _after_death(self, worker: _Worker, code: int) -> ExitCode | None:
        """A worker has ended unasked: start another one, now or after a pause, or say why not."""
        self._journal.write(WorkerDied(pid=worker.pid, how=_how(code)))
        nothing_served = self._when_ready is not None
        if code == ExitCode.CANNOT_START or (nothing_served and code > 0):    # killed by a signal is another thing
            self._journal.write(SupervisorGaveUp(reason="the worker cannot start; the lines above say why"))
            return ExitCode.CANNOT_START
        now = self._clock.monotonic()
        match self._restarts.judge_death(now, worker.ready_at):
            case GiveUp(deaths):
                self._journal.write(SupervisorGaveUp(
                    reason=f"{deaths} workers in a row died as soon as they were started; the lines above say why"
                ))  # fmt: skip
                return ExitCode.GAVE_UP
            case StartAgain(seconds):
                self._start_at = now + seconds
        return None


def _how(code: int) -> str:
    """How a process has ended, for people."""
    return f"exit {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _take_signals_as_a_worker() -> None:
    """Leave Ctrl-C to the supervisor. Until the worker listens itself, SIGTERM ends it and SIGHUP does nothing."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@contextmanager
def _signals_on_a_pipe() -> Iterator[int]:
    """A descriptor from which each signal can be read as one octet, its number: so that nothing runs in a handler."""
    readable, writable = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    wakeup_before = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    try:
        yield readable
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
