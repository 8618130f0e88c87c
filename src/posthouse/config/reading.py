"""Reading tables key by key: what is not understood becomes a fault, and reading goes on until all are found."""

import dataclasses
import difflib
import typing
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar, cast

from posthouse.config.faults import Fault
from posthouse.config.lines import Lines
from posthouse.config.lines import Path as KeyPath
from posthouse.config.units import read_quantity, unit_of

T = TypeVar("T")
Raw = object
"""A value as tomllib gives it."""


class NotReadable(Exception):
    """A value is not what it should be; the text says what to write."""


class Reader:
    """One file's tables, and the faults found in them so far."""

    def __init__(self, lines: Lines, directory: Path) -> None:
        """`directory`: where the file lies; relative paths in it count from there."""
        self._lines = lines
        self.directory = directory
        self.faults: list[Fault] = []

    def fault(self, path: KeyPath, text: str) -> None:
        """Note that a value is not what it should be."""
        self.faults.append(Fault(self._lines.of(path), _shown(path), text))

    def table(self, value: Raw, path: KeyPath, known: Iterable[str]) -> Mapping[str, Raw]:
        """A table with only keys that are known; the others are faults."""
        if not isinstance(value, dict):
            self.fault(path, f"write a table: [{_shown(path)}] and its keys below")
            return {}
        names = sorted(known)
        for key in value.keys() - set(names):
            self.fault((*path, key), _unknown(key, names))
        return {key: value[key] for key in names if key in value}

    def array(self, value: Raw, path: KeyPath) -> Sequence[Raw]:
        """The elements of an array."""
        if not isinstance(value, list):
            self.fault(path, f"write an array: [...], not {_kind(value)}")
            return ()
        return value

    def settings(self, value: Raw, path: KeyPath, base: T, keys: Sequence[str]) -> T:
        """A settings object, which is `base` but for those of `keys` that the table gives."""
        types = typing.get_type_hints(type(base))
        given = {
            key: self.value(raw, (*path, key), types[key], getattr(base, key))
            for key, raw in self.table(value, path, keys).items()
        }
        try:
            return dataclasses.replace(base, **given)    # type: ignore[type-var]
        except ValueError as error:
            self.fault(path, str(error))
            return base

    def value(self, raw: Raw, path: KeyPath, wanted: type[T], otherwise: T) -> T:
        """One value of the wanted type; `otherwise` after a fault."""
        try:
            return cast(T, read_value(raw, str(path[-1]), wanted, self.directory))
        except NotReadable as error:
            self.fault(path, str(error))
            return otherwise


def read_value(raw: Raw, key: str, wanted: object, directory: Path) -> object:
    """One value as a setting of this type. Raises NotReadable."""
    if wanted is bool:
        return _instance(raw, bool, "write true or false")
    if wanted is int:
        return _whole(_number(raw, key))
    if wanted is float:
        return _number(raw, key)
    if wanted is str:
        return _instance(raw, str, 'write a text in quotes')
    if wanted is Path:
        return directory / _instance(raw, str, 'write a path in quotes')
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _choice(raw, wanted)
    raise AssertionError(f"settings of type {wanted} are not read from files")


def _instance(raw: Raw, wanted: type[T], instead: str) -> T:
    if not isinstance(raw, wanted):
        raise NotReadable(f"{instead}, not {_kind(raw)}")
    return raw


def _number(raw: Raw, key: str) -> float:
    unit = unit_of(key)
    if isinstance(raw, str) and unit is not None:
        try:
            quantity = read_quantity(raw, unit)
        except ValueError as error:
            raise NotReadable(str(error)) from error
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        quantity = raw
    else:
        instead = f'a number of {unit.name}, or a text such as "{unit.example}"' if unit else "a number"
        raise NotReadable(f"write {instead}, not {_kind(raw)}")
    if quantity < 0:
        raise NotReadable("write a number that is not negative")
    return quantity


def _whole(quantity: float) -> int:
    if quantity != int(quantity):
        raise NotReadable("write a whole number")
    return int(quantity)


def _choice(raw: Raw, wanted: type[Enum]) -> Enum:
    by_name = {member.name.lower(): member for member in wanted}
    if not isinstance(raw, str) or raw not in by_name:
        raise NotReadable("write one of " + ", ".join(f'"{name}"' for name in by_name))
    return by_name[raw]


def _unknown(key: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, names, 1)
    if close:
        return f"no such setting; did you mean {close[0]}?"
    return f"no such setting; there are {', '.join(names)}"


def _kind(raw: Raw) -> str:
    kinds = {bool: "a truth", int: "a number", float: "a number", str: "a text", list: "an array", dict: "a table"}
    return kinds.get(type(raw), "a date")


def _shown(path: KeyPath) -> str:
    """A path as people write it: `tls.certificates[0].key`."""
    shown = ""
    for step in path:
        shown += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown or "the file"
