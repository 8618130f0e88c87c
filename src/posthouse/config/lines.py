"""On which line of a TOML text each key stands: `tomllib` reads values but does not say where from.

A small scan, made for messages to people: it follows tables, arrays of tables, dotted and quoted keys, and passes over
strings of several lines. What stands inside an inline table has the line of the key before it.
"""

import re
import tomllib
from typing import Final

Path = tuple[str | int, ...]
"""How to reach a value from the root: keys, and indices of arrays of tables."""

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED: Final = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_TABLE: Final = re.compile(rf"[ \t]*\[[ \t]*({_DOTTED})[ \t]*\]")
_ARRAY_TABLE: Final = re.compile(rf"[ \t]*\[\[[ \t]*({_DOTTED})[ \t]*\]\]")
_ASSIGNMENT: Final = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_LONG_QUOTES: Final = re.compile(r'"""|' + "'''")


class Lines:
    """Where the keys of one text stand."""

    def __init__(self, text: str) -> None:
        self._known: dict[Path, int] = {(): 1}
        self._table: Path = ()
        self._counts: dict[Path, int] = {}
        self._open_quotes: str | None = None
        for number, line in enumerate(text.split("\n"), 1):
            self._read(line, number)

    def of(self, path: Path) -> int:
        """The line of a value; of what holds it where its own is not known."""
        while path not in self._known:
            path = path[:-1]
        return self._known[path]

    def _read(self, line: str, number: int) -> None:
        if self._open_quotes is None:
            self._read_beginning(line, number)
        for quotes in _LONG_QUOTES.findall(line):
            if self._open_quotes is None:
                self._open_quotes = quotes
            elif self._open_quotes == quotes:
                self._open_quotes = None

    def _read_beginning(self, line: str, number: int) -> None:
        if found := _ARRAY_TABLE.match(line):
            array = self._resolved(_keys(found[1]))
            self._counts[array] = self._counts.get(array, -1) + 1
            self._table = (*array, self._counts[array])
            self._note(self._table, number)
        elif found := _TABLE.match(line):
            self._table = self._resolved(_keys(found[1]))
            self._note(self._table, number)
        elif found := _ASSIGNMENT.match(line):
            self._note((*self._table, *_keys(found[1])), number)

    def _resolved(self, keys: tuple[str, ...]) -> Path:
        """A table's path, with the index of the last element for each array of tables on the way."""
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if path in self._counts and position < len(keys) - 1:
                path = (*path, self._counts[path])
        return path

    def _note(self, path: Path, number: int) -> None:
        for length in range(1, len(path) + 1):
            self._known.setdefault(path[:length], number)


def _keys(dotted: str) -> tuple[str, ...]:
    """The keys of a dotted key, without their quotes."""
    keys: list[str] = []
    value: object = tomllib.loads(f"{dotted} = 0")
    while isinstance(value, dict):
        (key, value), = value.items()
        keys.append(key)
    return tuple(keys)
