"""Numbers with their unit: "50 MB", "10 minutes", or a bare number of the unit that the key's name ends with."""

import re
from dataclasses import dataclass
from typing import Final

_QUANTITY: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


@dataclass(frozen=True, slots=True)
class Unit:
    """A kind of quantity: the word in a key's name, and what a text may say, in terms of it."""

    name: str
    example: str
    factors: dict[str, int]


OCTETS: Final = Unit(
    "octets",
    "50 MB",
    {
        "octets": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9,
        "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
    },
)  # fmt: skip
SECONDS: Final = Unit(
    "seconds",
    "10 minutes",
    {
        "s": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60, "minutes": 60,
        "h": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
    },
)  # fmt: skip


def unit_of(key: str) -> Unit | None:
    """The unit that a setting's name tells; None for a plain number."""
    words = key.split("_")
    return next((unit for unit in (OCTETS, SECONDS) if unit.name in words), None)


def read_quantity(text: str, unit: Unit) -> float:
    """The number of units that a text says. Raises ValueError with what to write instead."""
    found = _QUANTITY.fullmatch(text)
    factor = unit.factors.get(found[2].lower()) if found else None
    if found is None or factor is None:
        known = ", ".join(unit.factors)
        raise ValueError(f"write a number of {unit.name}, or a text such as \"{unit.example}\" (units: {known})")
    return float(found[1]) * factor
