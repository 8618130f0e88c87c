"""Loading an SMTP server, and what one turn of it measures: rate, latency of the final 250, CPU of all processes."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.group import Group
from bench.mail import Kind, pack
from bench.scale import DOMAIN, HERE, WORK, Scale

_DRAIN_SECONDS_MAX = 90.0


def _nothing() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Target:
    """A server that takes mail. `pending`: how much of what it acknowledged is not in a mailbox yet."""

    group: Group
    port: int
    pending: Callable[[], int] = _nothing


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent. `rate` 0: as fast as the server answers, else so many a second are offered."""

    sessions: int = 10
    one_a_connection: bool = False
    kind: Kind = Kind.SMALL
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One turn. Times in ms; `cpu_ms` a message, what was left for later included."""

    messages: int
    rate: float
    p50: float
    p99: float
    p999: float
    longest: float
    late: int
    cpu_ms: float


class LoadTool:
    """`mailload`, built, with its mail. It goes on where it ended, so that no turn repeats another's mail."""

    def __init__(self, scale: Scale, accounts: int) -> None:
        """Build what is not built yet. The mail goes to accounts `u0` to `u(accounts-1)`."""
        self._scale = scale
        self._accounts = accounts
        self._next = 0
        self._program = WORK / "mailload"
        source = HERE / "mailload.c"
        if not self._program.exists() or self._program.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(("cc", "-O2", "-o", str(self._program), str(source)), check=True)
        for kind in Kind:
            pack(WORK, kind)

    def run(self, target: Target, load: Load, seconds: float, messages_max: int = 0) -> Measured:
        """Load a server for a while. Ends the whole run when the server refuses or does not come to an end."""
        messages_max = messages_max or self._scale.load_messages_max
        command = [
            str(self._program), "-p", str(target.port), "-f", str(pack(WORK, load.kind)), "-r", f"u%d@{DOMAIN}",
            "-s", str(load.sessions), "-t", str(seconds), "-n", str(messages_max), "-R", str(load.rate),
            "-k", str(self._next % load.kind.messages), "-U", str(self._accounts),
            *(("-o",) if load.one_a_connection else ()),
        ]  # fmt: skip
        before = target.group.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
        if done.returncode:
            sys.exit(f"{target.group.name}: {done.stderr.strip()}")
        said = json.loads(done.stdout)
        self._next += said["n"]
        _drain(target)
        target.group.wait_until_quiet()
        cpu_ms = (target.group.cpu_seconds() - before) * 1e3 / said["n"]
        return Measured(
            said["n"], said["rate"], said["p50"], said["p99"], said["p999"], said["max"], said["late"], cpu_ms
        )


def _drain(target: Target) -> None:
    end = time.monotonic() + _DRAIN_SECONDS_MAX
    while target.pending():
        if time.monotonic() > end:
            sys.exit(f"{target.group.name}: mail still waits after {_DRAIN_SECONDS_MAX:.0f} s")
        time.sleep(0.02)
