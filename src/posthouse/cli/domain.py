"""`posthouse domain`: the domains whose mail ends here."""

import click

from posthouse.cli.asking import Asker
from posthouse.cli.place import Place, place_options
from posthouse.cli.printing import json_object_option, json_option, print_facts, print_rows
from posthouse.doors.control.requests import AddDomain, ListDomains, RemoveDomain, ShowDomain
from posthouse.doors.control.responses import DomainRow, DomainsListed, Done


@click.group()
def domain() -> None:
    """The domains whose mail ends here.

    \b
    posthouse domain add example.org
    posthouse domain list --json
    """


@domain.command()
@click.argument("name")
@place_options
def add(name: str, place: Place) -> None:
    """Take a domain in: its accounts and aliases come next.

    postmaster@ and abuse@ of it work as soon as it has an account: mail to them goes to the oldest one, until an
    account or alias of that name is added.
    """
    with Asker(place.directory) as asker:
        asker.ask(AddDomain(name=name), Done)
    click.echo(f"domain {name} added; next: posthouse account add SOMEBODY@{name}")


@domain.command(name="list")
@json_option
@place_options
def list_(as_json: bool, place: Place) -> None:
    """List the domains, oldest first."""
    with Asker(place.directory) as asker:
        rows = list_domains(asker)
    print_rows(rows, ("DOMAIN", "ADDED"), [(row.name, row.created_at) for row in rows], as_json)


@domain.command()
@click.argument("name")
@json_object_option
@place_options
def show(name: str, as_json: bool, place: Place) -> None:
    """Show one domain."""
    with Asker(place.directory) as asker:
        row = asker.ask(ShowDomain(name=name), DomainsListed).domains[0]
    print_facts(row, (("domain", row.name), ("added", row.created_at)), as_json)


@domain.command()
@click.argument("name")
@place_options
def remove(name: str, place: Place) -> None:
    """Let a domain go. Its accounts and aliases must have gone before."""
    with Asker(place.directory) as asker:
        asker.ask(RemoveDomain(name=name), Done)
    click.echo(f"domain {name} removed")


def list_domains(asker: Asker) -> list[DomainRow]:
    """All domains, page by page, oldest first."""
    rows: list[DomainRow] = []
    after = 0
    while True:
        page = asker.ask(ListDomains(after=after), DomainsListed)
        rows += page.domains
        after = page.next_after
        if not after:
            return rows
