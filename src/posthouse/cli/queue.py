"""`posthouse queue`: mail that we owe to others."""

from typing import Final

import click

from posthouse.cli.asking import Asker
from posthouse.cli.place import Place, place_options
from posthouse.cli.printing import json_object_option, json_option, plural, print_facts, print_rows
from posthouse.doors.control.requests import ListQueue, ShowQueueEntry
from posthouse.doors.control.responses import QueueEntryRow, QueueListed

NUMBER_MAX: Final = 2**63 - 1    # what a column of whole numbers holds


@click.group()
def queue() -> None:
    """Mail that waits to go elsewhere.

    \b
    posthouse queue list
    posthouse queue show 17
    """


@queue.command(name="list")
@json_option
@place_options
def list_(as_json: bool, place: Place) -> None:
    """List what waits, oldest first."""
    rows: list[QueueEntryRow] = []
    with Asker(place.directory) as asker:
        after = 0
        while True:
            page = asker.ask(ListQueue(after=after), QueueListed)
            rows += page.entries
            after = page.next_after
            if not after:
                break
    cells = [
        (str(row.queue_id), row.arrived_at, str(row.size_octets), f"<{row.reverse_path}>", _recipients(row))
        for row in rows
    ]
    print_rows(rows, ("NUMBER", "ARRIVED", "OCTETS", "FROM", "FOR"), cells, as_json)
    if not rows and not as_json:
        click.echo("nothing waits")


@queue.command()
@click.argument("number", type=click.IntRange(min=1, max=NUMBER_MAX))
@json_object_option
@place_options
def show(number: int, as_json: bool, place: Place) -> None:
    """Show one message that waits, with each recipient and what became of the last attempt."""
    with Asker(place.directory) as asker:
        row = asker.ask(ShowQueueEntry(queue_id=number), QueueListed).entries[0]
    facts = [
        ("number", str(row.queue_id)),
        ("from", f"<{row.reverse_path}>"),
        ("octets", str(row.size_octets)),
        ("arrived", row.arrived_at),
        ("given up", row.expires_at),
    ]
    for recipient in row.recipients:
        last = f"; last: {recipient.last_status} {recipient.last_text}" if recipient.last_status else ""
        tried = plural(recipient.attempts, "attempt")
        facts.append(("for", f"<{recipient.forward_path}> {recipient.state}, {tried}, due {recipient.due_at}{last}"))
    print_facts(row, facts, as_json)


def _recipients(row: QueueEntryRow) -> str:
    first = f"<{row.recipients[0].forward_path}>" if row.recipients else ""
    return first if len(row.recipients) <= 1 else f"{first} and {len(row.recipients) - 1} more"
