"""What one mail costs on the disk: pages written to the write-ahead log, and syncs (counted by strace)."""

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.ours import Posthouse
from bench.scale import Scale
from bench.smtp_load import Load, LoadTool
from bench.table import Bar, Judged, Row

_SECONDS_MAX: Final = 30.0
_ATTEMPTS: Final = 3
_SESSIONS: Final = (1, 10, 50)
_SYNC: Final = re.compile(rb"\bf(?:data)?sync\(")
_DURABLE: Final = Bar(1, 1, judged=Judged.OURS)      # promise 1: at one session every 250 waits for a sync of its own


def measure_disk(scale: Scale, tool: LoadTool, ours: Posthouse) -> Iterator[Row]:
    """At one session, where nothing is shared, and at ten and fifty, where a commit holds many."""
    for sessions in _SESSIONS:
        yield Row(f"pages: 4 KB, {sessions} sessions", "a mail", [_pages(scale, tool, ours, sessions)])
    if shutil.which("strace") is None:
        print("  syncs are not counted: strace is not installed (bench/install-peers)", file=sys.stderr)
        return
    for sessions in _SESSIONS:
        bar = _DURABLE if sessions == 1 else None
        yield Row(f"syncs: 4 KB, {sessions} sessions", "a mail", [_syncs(scale, tool, ours, sessions)], bar=bar)


def _pages(scale: Scale, tool: LoadTool, ours: Posthouse, sessions: int) -> float:
    """Frames of the log between two looks at it. Where it was begun anew between them, look again."""
    for _ in range(_ATTEMPTS):
        before, salts = ours.log_frames()
        measured = tool.run(ours.smtp, Load(sessions), _SECONDS_MAX, scale.counted_messages)
        after, salts_after = ours.log_frames()
        if salts == salts_after:
            return (after - before) / measured.messages
    return float("nan")


def _syncs(scale: Scale, tool: LoadTool, ours: Posthouse, sessions: int) -> float:
    """fsync(2) and fdatasync(2) of all its processes, those of checkpoints included."""
    pids = ours.group.pids()
    with tempfile.NamedTemporaryFile() as seen:
        command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", seen.name]
        watching = subprocess.Popen(
            [*command, *(word for pid in pids for word in ("-p", str(pid)))], stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_traced(pids)
            measured = tool.run(ours.smtp, Load(sessions), _SECONDS_MAX, scale.counted_messages)
        finally:
            watching.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                watching.wait(10)
        return len(_SYNC.findall(Path(seen.name).read_bytes())) / measured.messages


def _wait_until_traced(pids: list[int], seconds: float = 10.0) -> None:
    """Wait until strace has every thread."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
        if all("\nTracerPid:\t0\n" not in (task / "status").read_text() for task in tasks):
            return
        time.sleep(0.05)
    sys.exit("strace could not attach to the server: syncs cannot be counted")
