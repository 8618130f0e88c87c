"""Posthouse itself: `posthouse serve --dev` on a data directory that is filled before."""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.filling import fill
from bench.group import Group
from bench.loopback import assert_on_loopback
from bench.scale import DATA, DOMAIN, WORK
from bench.smtp_load import Target

_PROGRAM = Path(sys.executable).with_name("posthouse")
_DOORS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s")
_WAL_INDEX_HEAD = struct.Struct("=IIIBBHIIIIII")      # SQLite, "WAL-mode file format" 2.1; mxFrame is the seventh


@dataclass(frozen=True, slots=True)
class Posthouse:
    """One that serves."""

    group: Group
    ports: dict[str, int]
    data: Path

    @property
    def smtp(self) -> Target:
        """As the load tool sees it: what is acknowledged is in the mailbox."""
        return Target(self.group, self.ports["smtp"])

    def account(self, number: int) -> str:
        """The name by which an account logs in: its address."""
        return f"u{number}@{DOMAIN}"

    def log_frames(self) -> tuple[int, tuple[int, int]]:
        """How many pages the write-ahead log holds, and the salts by which one knows whether it was begun anew.

        Read from the file that SQLite's processes share. A reader in another process takes nobody's locks.
        """
        with (self.data / "posthouse.db-shm").open("rb") as shared:
            head = _WAL_INDEX_HEAD.unpack(shared.read(_WAL_INDEX_HEAD.size))
        return head[6], (head[10], head[11])


@contextmanager
def posthouse(name: str, accounts: int, messages: int = 0) -> Iterator[Posthouse]:
    """Serve `u0` to `u(accounts-1)` with so many messages in all; everything is removed at the end."""
    data = DATA / name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, mode=0o700)
    group = Group(name)
    try:
        fill(data, accounts, messages)
        said = _start(group, data)
        assert_on_loopback(group.pids())
        yield Posthouse(group, said["ports"], data)
    finally:
        if group.stop():
            print(f"  {name} did not stop with 0: see {WORK / name}.log", file=sys.stderr)
        shutil.rmtree(data, ignore_errors=True)


def _start(group: Group, data: Path) -> dict[str, dict[str, int]]:
    ports = [word for door in _DOORS for word in ("--port", f"{door}=0")]
    command = (
        str(_PROGRAM), "serve", "--dev", "--json", "--domain", DOMAIN, "--data-directory", str(data), *ports
    )  # fmt: skip
    log = WORK / f"{group.name}.log"
    process = group.start(command, log, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
    if not line:
        sys.exit(f"posthouse did not start: see {log}")
    said: dict[str, dict[str, int]] = json.loads(line)
    return said
