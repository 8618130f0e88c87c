"""The table at the end: a line a kind of work, medians over the rounds, ratios, and what the ratios should be."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

HEAD: Final = ("work", "unit", "peer", "the peer's", "ours", "ratio", "floor", "aim", "stands")
_FIGURES: Final = frozenset(range(3, 8))


class Better(Enum):
    """Which way a figure should go."""

    MORE = auto()    # a rate
    LESS = auto()    # a time or a cost


class Judged(Enum):
    """What a bar is held against."""

    RATIO = auto()   # ours to the peer's
    OURS = auto()    # our own figure, whatever the peer's is


@dataclass(frozen=True, slots=True)
class Bar:
    """What a row should reach at least (`floor`) and at best (`aim`)."""

    floor: float
    aim: float
    better: Better = Better.MORE
    judged: Judged = Judged.RATIO

    def standing(self, value: float) -> str:
        """How a value stands to it, in a word."""
        if self.better is Better.MORE:
            return "aim" if value >= self.aim else "floor" if value >= self.floor else "below"
        return "aim" if value <= self.aim else "floor" if value <= self.floor else "below"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of work: a sample a round of each server. `peer` empty: only ours is measured."""

    work: str
    unit: str
    ours: Sequence[float]
    peer: Sequence[float] = ()
    peer_name: str = ""
    bar: Bar | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's, of medians."""
        if not self.peer or statistics.median(self.peer) == 0:
            return None
        return statistics.median(self.ours) / statistics.median(self.peer)

    @property
    def standing(self) -> str:
        """How it stands to its bar; empty without one."""
        if self.bar is None:
            return ""
        value = statistics.median(self.ours) if self.bar.judged is Judged.OURS else self.ratio
        return "" if value is None else self.bar.standing(value)


def shown(rows: Iterable[Row]) -> list[str]:
    """The table as lines of text. Behind a median stand the least and the most of its rounds."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [_line(line, widths) for line in cells]


def write_json(path: Path, rows: Iterable[Row]) -> None:
    """Keep every sample, for whoever compares runs."""
    kept = [
        {
            "work": row.work, "unit": row.unit, "ours": list(row.ours), "peer": list(row.peer),
            "peer_name": row.peer_name, "ratio": row.ratio, "standing": row.standing,
        }
        for row in rows
    ]  # fmt: skip
    path.write_text(json.dumps(kept, indent=1) + "\n")


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    floor, aim = ("", "") if row.bar is None else (f"{row.bar.floor:.3g}", f"{row.bar.aim:.3g}")
    peer = _figure(row.peer) if row.peer else ""
    return (row.work, row.unit, row.peer_name, peer, _figure(row.ours), ratio, floor, aim, row.standing)


def _figure(samples: Sequence[float]) -> str:
    """The median, and in parentheses what the rounds spread over."""
    if len(samples) == 1:
        return _number(samples[0])
    return f"{_number(statistics.median(samples))} ({_number(min(samples))}-{_number(max(samples))})"


def _number(value: float) -> str:
    """Three digits, and no more precision than that."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, figures to the right."""
    padded = [
        cell.rjust(width) if number in _FIGURES else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
