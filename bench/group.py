"""A server's processes as one thing: started, metered and ended together.

Where cgroup v1 is mounted each server has a group of its own in `cpuacct`, so that the CPU of every process it ever
forked is counted, to the nanosecond. Elsewhere the process tree is read from /proc: steps of 10 ms, and a process that
has ended counts once its parent has waited for it.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

CPUACCT: Final = Path("/sys/fs/cgroup/cpuacct")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_END_SECONDS: Final = 10.0
_QUIET_SHARE: Final = 0.02      # of a core: what an idle server may use
_QUIET_STEP_SECONDS: Final = 0.25


class Group:
    """The processes of one server. Only what it started itself is ever ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._folder: Path | None = CPUACCT / f"posthouse-bench-{os.getpid()}-{name}"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._folder.mkdir()
        except OSError:             # no cgroup v1, or not ours to use
            self._folder = None

    def start(self, command: Sequence[str], log: Path, stdout: int | None = None) -> subprocess.Popen[bytes]:
        """Run a command in the group, in the foreground of a session of its own."""
        if self._folder is not None:
            enter = 'echo $$ > "$0" && exec "$@"'
            command = ("/bin/sh", "-c", enter, str(self._folder / "cgroup.procs"), *command)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout or errors, stderr=errors, start_new_session=True
            )
        return self._process

    def pids(self) -> list[int]:
        """The processes that live."""
        if self._folder is not None:
            return [int(pid) for pid in (self._folder / "cgroup.procs").read_text().split()]
        return _tree(self._process.pid) if self._process is not None else []

    def cpu_seconds(self) -> float:
        """What the group has used since it began, of user and system time."""
        if self._folder is not None:
            return int((self._folder / "cpuacct.usage").read_text()) / 1e9
        return sum(map(_cpu_ticks, self.pids())) / _TICKS

    def memory_kib(self) -> float:
        """The proportional set size of all its processes: shared pages count once."""
        return sum(map(_proportional_kib, self.pids()))

    def wait_until_quiet(self, seconds: float = 20.0) -> None:
        """Let it finish what it left for later, which counts too."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(_QUIET_STEP_SECONDS)
            if self.cpu_seconds() - before < _QUIET_SHARE * _QUIET_STEP_SECONDS:
                return

    def stop(self) -> int | None:
        """SIGTERM to the process that was started, SIGKILL to what is left; its exit status."""
        process, self._process = self._process, None
        status = None
        if process is not None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(_END_SECONDS)
        end = time.monotonic() + _END_SECONDS
        while self._folder is not None and (left := self.pids()) and time.monotonic() < end:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if status is None else signal.SIGTERM)
            time.sleep(0.1)
            status = None                                  # who ignored SIGTERM hears no more of it
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
        return status


def _tree(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(int(child) for child in task.read_text().split())
    return found


def _cpu_ticks(pid: int) -> int:
    """User and system time of a process and of those of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))


def _proportional_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
