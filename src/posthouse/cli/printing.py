"""How listings are shown: columns for people, one JSON array for programs."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., None])

Cells = Sequence[str]


def json_option(command: F) -> F:
    """Give a listing the option `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON array of objects, for programs.")(command)


def json_object_option(command: F) -> F:
    """The same for a command that shows one thing."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")(command)


def print_rows(rows: Sequence[msgspec.Struct], heads: Cells, cells: Sequence[Cells], as_json: bool) -> None:
    """Show a listing. `rows` is what it says to programs; `heads` and `cells` what it says to people."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    elif cells:
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        for line in (heads, *cells):
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            click.echo("  ".join(map(_printable, padded)).rstrip())


def print_facts(row: msgspec.Struct, facts: Sequence[tuple[str, str]], as_json: bool) -> None:
    """Show one thing: a JSON object, or a fact a line."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(row), indent=2))
        return
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        click.echo(f"{name.ljust(width)}  {_printable(value)}".rstrip())


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its word."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _printable(text: str) -> str:
    """Text of a stranger's that cannot move the cursor or ring the bell."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
