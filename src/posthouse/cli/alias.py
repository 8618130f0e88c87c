"""`posthouse alias`: addresses that stand for others."""

import click

from posthouse.cli.asking import Asker
from posthouse.cli.place import Place, place_options
from posthouse.cli.printing import json_object_option, json_option, print_facts, print_rows
from posthouse.doors.control.requests import AddAlias, ListAliases, RemoveAlias, ShowAlias
from posthouse.doors.control.responses import AliasesListed, AliasRow, Done


@click.group()
def alias() -> None:
    """Addresses of ours that stand for others, here or elsewhere.

    \b
    posthouse alias add sales@example.org anna@example.org ben@elsewhere.example
    posthouse alias show sales@example.org
    """


@alias.command()
@click.argument("address")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@place_options
def add(address: str, targets: tuple[str, ...], place: Place) -> None:
    """Let ADDRESS stand for one TARGET or more. A target in a domain of ours must exist; others are taken as given."""
    with Asker(place.directory) as asker:
        asker.ask(AddAlias(address=address, targets=targets), Done)
    click.echo(f"alias {address} added: mail to it goes to {', '.join(targets)}")


@alias.command(name="list")
@click.option("--domain", default="", metavar="NAME", help="Only those of this domain.")
@json_option
@place_options
def list_(domain: str, as_json: bool, place: Place) -> None:
    """List the aliases by name."""
    with Asker(place.directory) as asker:
        rows = _list_aliases(asker, domain)
    print_rows(rows, ("ALIAS", "TARGETS"), [(row.address, ", ".join(row.targets)) for row in rows], as_json)


@alias.command()
@click.argument("address")
@json_object_option
@place_options
def show(address: str, as_json: bool, place: Place) -> None:
    """Show one alias with its targets."""
    with Asker(place.directory) as asker:
        row = asker.ask(ShowAlias(address=address), AliasesListed).aliases[0]
    print_facts(row, (("alias", row.address), *(("target", target) for target in row.targets)), as_json)


@alias.command()
@click.argument("address")
@place_options
def remove(address: str, place: Place) -> None:
    """Take an alias away, and off other aliases that name it."""
    with Asker(place.directory) as asker:
        asker.ask(RemoveAlias(address=address), Done)
    click.echo(f"alias {address} removed")


def _list_aliases(asker: Asker, domain: str) -> list[AliasRow]:
    rows: list[AliasRow] = []
    after = ""
    while True:
        page = asker.ask(ListAliases(domain=domain, after=after), AliasesListed)
        rows += page.aliases
        after = page.next_after
        if not after:
            return rows
