"""`posthouse check`: whether everything that is kept is whole."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

from posthouse.cli.errors import CommandFailed
from posthouse.cli.place import Place, place_options
from posthouse.cli.printing import json_option, plural, print_rows

if TYPE_CHECKING:
    from posthouse.runtime.data_directory import DataDirectory
    from posthouse.upkeep.faults import Fault


class FaultRow(msgspec.Struct, frozen=True):
    """One thing that is not as it must be, as `--json` tells it."""

    kind: str
    subject: str
    text: str
    is_harmless: bool


@click.command()
@json_option
@place_options
def check(as_json: bool, place: Place) -> None:
    """Check that everything that is kept is whole, beside a running server too; change nothing.

    Every blob has its bytes and hash, every row its blob, listings equal their records, and what was accepted is in a
    mailbox, queued or accounted for. Exit status 1 when something is wrong.

    \b
    posthouse check
    posthouse check --json --data-directory trial
    """
    from posthouse.runtime.data_directory import DataDirectoryError, find_data_directory  # noqa: PLC0415 quick start

    try:
        directory = find_data_directory(place.directory)
    except DataDirectoryError as error:
        raise CommandFailed(error.reason, error.mend) from error
    faults = _find_faults(directory, show_progress=not as_json and sys.stderr.isatty())
    rows = [FaultRow(str(fault.kind), fault.subject, fault.text, fault.is_harmless) for fault in faults]
    cells = [(row.kind, row.subject, row.text) for row in rows]
    print_rows(rows, ("KIND", "WHERE", "WHAT"), cells, as_json)
    harmful = sum(not row.is_harmless for row in rows)
    if harmful:
        raise CommandFailed(
            f"{plural(harmful, 'fault')} in {directory.path}",
            "keep a copy of the directory before anything else, then restore what is damaged from a backup",
        )
    if not as_json:
        click.echo("everything is whole")


def _find_faults(directory: "DataDirectory", *, show_progress: bool) -> "list[Fault]":
    from posthouse.database.errors import DatabaseError  # noqa: PLC0415 quick start
    from posthouse.database.sqlite.snapshot import open_for_reading  # noqa: PLC0415
    from posthouse.runtime.clock import SystemClock  # noqa: PLC0415
    from posthouse.runtime.disk import SystemDisk  # noqa: PLC0415
    from posthouse.upkeep.checking import check_store  # noqa: PLC0415

    try:
        with open_for_reading(directory.database) as tx, _progress(show_progress) as progress:
            return check_store(tx, SystemDisk(directory.path), SystemClock().now(), progress)
    except DatabaseError as error:
        raise CommandFailed(
            f"the database cannot be read: {error}", "see that the directory is the right one and who owns its files"
        ) from error


@contextmanager
def _progress(is_shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not is_shown:
        yield lambda done, total: None
        return
    from rich.console import Console  # noqa: PLC0415 only a command that draws pays for it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("checking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
