"""Accepting mail to INBOX beside Postfix to Maildir, and beside the bare log that shows the ceiling."""

import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from bench.mail import Kind
from bench.ours import Posthouse
from bench.scale import Scale
from bench.smtp_load import Load, LoadTool, Measured, Target
from bench.table import Bar, Better, Judged, Row
from bench.turns import take_turns

# Issue 4, "Speed, in one run with the peers": the work, and its floor and aim.
_WORK: Final = {
    "accept 4 KB, 10 sessions, many a connection": (Load(10), Bar(3, 6)),
    "accept 4 KB, 10 sessions, one a connection": (Load(10, one_a_connection=True), Bar(2.5, 5)),
    "accept 4 KB, 50 sessions, many a connection": (Load(50), Bar(5, 15)),
    "accept 4 KB, 50 sessions, one a connection": (Load(50, one_a_connection=True), Bar(4, 10)),
    "accept 100 KB, 10 sessions": (Load(10, kind=Kind.LARGE), Bar(1.5, 2.5)),
}
_CPU: Final = Bar(1 / 3, 1 / 6, Better.LESS)
_LATENCY: Final = Bar(1, 1 / 3, Better.LESS)
_STALL_MS: Final = Bar(50, 10, Better.LESS, Judged.OURS)
_OFFERED: Final = 0.6            # of Postfix's best
_WARM_SECONDS: Final = 1.0


def measure_accepting(
    scale: Scale, tool: LoadTool, ours: Posthouse, postfix: Target, raw_log: Target
) -> Iterator[Row]:
    """Rates, CPU, shares of the ceiling; then latency at a rate that Postfix can hold; then the longest wait."""
    servers = (postfix, ours.smtp, raw_log)
    for server in servers:
        tool.run(server, Load(50), min(_WARM_SECONDS, scale.load_seconds))
    best = 0.0
    beside: list[Row] = []
    for work, (load, bar) in _WORK.items():
        theirs, mine, bare = _turns(tool, scale.rounds, scale.load_seconds, load, *servers)
        yield Row(work, "a second", _of("rate", mine), _of("rate", theirs), "Postfix", bar)
        cpu_bar = _CPU if load.kind is Kind.SMALL else None
        short = work.removeprefix("accept ")
        beside.append(Row(f"CPU: {short}", "ms a mail", _of("cpu_ms", mine), _of("cpu_ms", theirs), "Postfix", cpu_bar))
        beside.append(Row(f"our share: {short}", "a second", _of("rate", mine), _of("rate", bare), "raw log"))
        if load.kind is Kind.SMALL:
            best = max(best, median(_of("rate", theirs)))
    yield from sorted(beside, key=lambda row: row.peer_name)
    yield from _latency(scale, tool, ours, postfix, best)
    yield from _stalls(scale, tool, ours)


def _latency(scale: Scale, tool: LoadTool, ours: Posthouse, postfix: Target, best: float) -> Iterator[Row]:
    load = Load(10, rate=_OFFERED * best)
    theirs, mine = _turns(tool, scale.rounds, scale.steady_seconds, load, postfix, ours.smtp)
    for late in (median(_of("late", theirs)), median(_of("late", mine))):
        if late:
            print(f"  late: {late:.0f} messages began over 10 ms after their turn", file=sys.stderr)
    for figure in ("p50", "p99"):
        work = f"{figure} of the final 250, {load.rate:.0f} a second offered"
        yield Row(work, "ms", _of(figure, mine), _of(figure, theirs), "Postfix", _LATENCY)


def _stalls(scale: Scale, tool: LoadTool, ours: Posthouse) -> Iterator[Row]:
    """Over a load that fills the write-ahead log several times: what a checkpoint costs those who wait for a COMMIT."""
    (mine,) = _turns(tool, scale.rounds, scale.stall_seconds, Load(10), ours.smtp)
    yield Row("longest wait of a commit for a checkpoint", "ms", _of("longest", mine), bar=_STALL_MS)
    yield Row("p99.9 of the final 250 in the same load", "ms", _of("p999", mine))


def _turns(
    tool: LoadTool, rounds: int, seconds: float, load: Load, *servers: Target
) -> list[Sequence[Measured]]:
    return take_turns(rounds, *[lambda server=server: tool.run(server, load, seconds) for server in servers])


def _of(figure: str, turns: Sequence[Measured]) -> list[float]:
    return [getattr(turn, figure) for turn in turns]
