"""What a worker process knows of its supervisor, and how a process of ours ends.

The worker stays in the supervisor's process group and leaves Ctrl-C to it. Two pipes join them: by one the worker says
that it serves; of the other only the supervisor has the writing end, so that its end is the supervisor's death, however
it died.
"""

import asyncio
import gc
import os
import resource
import signal
from collections.abc import Callable
from enum import IntEnum
from typing import Final

DESCRIPTORS_MAX: Final = 65_536    # thirty times what the sessions need; more makes some systems slow to fork

_READY: Final = b"\n"


class ExitCode(IntEnum):
    """How a process of ours ends (sysexits.h has words for some)."""

    DONE = 0
    GAVE_UP = 1          # the supervisor: workers die whatever it does
    FAULT = 70           # EX_SOFTWARE: a worker that may be started again, on what recovery finds
    CANNOT_START = 78    # EX_CONFIG: starting again would not help; the worker has said why


class WorkerLink:
    """The worker's ends of the pipes. Made by the supervisor, used on the worker's main thread."""

    __slots__ = ("_lifeline", "_readiness")

    def __init__(self, lifeline: int, readiness: int) -> None:
        self._lifeline = lifeline
        self._readiness = readiness

    def attach(
        self, loop: asyncio.AbstractEventLoop, *, stop: Callable[[], None], reload: Callable[[], None],
        die: Callable[[], None],
    ) -> None:
        """Hear the supervisor: `stop` when all that is in flight shall be finished, `reload` for certificates.

        When it is gone `die` must end the process at once, as by a power cut: what was acknowledged is on disk, and a
        new supervisor must find the data directory free.
        """
        loop.add_signal_handler(signal.SIGTERM, stop)
        loop.add_signal_handler(signal.SIGHUP, reload)
        loop.add_reader(self._lifeline, die)

    def say_ready(self) -> None:
        """Tell the supervisor that every door is open. Called once."""
        os.write(self._readiness, _READY)
        os.close(self._readiness)


def has_said_ready(readiness: int) -> bool:
    """Whether a worker has said so; false when it has died instead. Blocks until either: ask when it is readable."""
    return os.read(readiness, 1) == _READY


def calm_the_collector() -> None:
    """Have the collector of cycles leave alone what was loaded, and look seldom at what comes and goes.

    Our values are freed by their counts; a message makes about a thousand and no cycle. Looking at them after every 700
    cost a tenth of an acceptance, and looking at all that was loaded stopped every session for 20 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def raise_descriptor_limit() -> int:
    """Let this process and its children open as many files as they may; how many that is.

    Linux grants 1,024 by default for the sake of select(2), which we do not use, and far more to who asks.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_MAX if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
