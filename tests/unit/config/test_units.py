"""A quantity may be written with its unit, as people say it, and never with one that does not fit."""

import pytest

from posthouse.config.units import OCTETS, SECONDS, Unit, read_quantity, unit_of


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("50 MB", OCTETS, 50_000_000), ("64MiB", OCTETS, 64 << 20), ("1.5 kB", OCTETS, 1500), ("7 octets", OCTETS, 7),
        ("10 minutes", SECONDS, 600), ("1 h", SECONDS, 3600), ("0.5 s", SECONDS, 0.5), (" 2 days ", SECONDS, 172_800),
    ],
)  # fmt: skip
def test_a_quantity_is_read_in_the_units_of_its_key(text: str, unit: Unit, number: float) -> None:
    """MB is a million, MiB is 2**20 (IEC 80000-13)."""
    assert read_quantity(text, unit) == number


@pytest.mark.parametrize(
    ("text", "unit"), [("50 MB", SECONDS), ("10 min", OCTETS), ("MB", OCTETS), ("5", OCTETS), ("-5 s", SECONDS)]
)
def test_a_wrong_unit_is_refused_with_those_that_fit(text: str, unit: Unit) -> None:
    """DESIGN 8: a wrong unit is a fault, and its text says what to write."""
    with pytest.raises(ValueError, match=unit.example):
        read_quantity(text, unit)


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("message_size_octets_max", OCTETS), ("log_octets", OCTETS), ("delay_first_seconds", SECONDS),
        ("sessions_max", None), ("port", None),
    ],
)  # fmt: skip
def test_a_key_tells_its_unit(key: str, unit: Unit | None) -> None:
    """DESIGN 6: units stand in names."""
    assert unit_of(key) is unit
