"""`posthouse account`: whoever can log in and has mail kept here, and their passwords."""

import sys

import click

from posthouse.cli.asking import Asker
from posthouse.cli.errors import CommandFailed
from posthouse.cli.place import Place, place_options
from posthouse.cli.printing import json_object_option, json_option, print_facts, print_rows
from posthouse.doors.control.requests import (
    AddAccount,
    AddApplicationPassword,
    ListAccounts,
    RemoveAccount,
    RemoveApplicationPassword,
    SetPassword,
    ShowAccount,
)
from posthouse.doors.control.responses import (
    AccountRow,
    AccountShown,
    AccountsListed,
    ApplicationPasswordMade,
    Done,
)

PASSWORD_LINE_OCTETS_MAX = 4096    # over what a password may have: the server says what is wrong with it

password_stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input, for scripts."
)


@click.group()
def account() -> None:
    """Whoever can log in and has mail kept here.

    \b
    posthouse account add anna@example.org
    posthouse account password anna@example.org
    posthouse account app-password anna@example.org --label phone
    """


@account.command()
@click.argument("address")
@password_stdin_option
@place_options
def add(address: str, password_stdin: bool, place: Place) -> None:
    """Make an account with its mailboxes. Its password is asked for, twice.

    A password is never an argument: arguments end up in the shell's history and in lists of processes.

    \b
    posthouse account add anna@example.org
    posthouse account add anna@example.org --password-stdin < secret
    """
    password = new_password(address, password_stdin)
    with Asker(place.directory) as asker:
        asker.ask(AddAccount(address=address, password=password), Done)
    click.echo(f"account {address} added")


@account.command()
@click.argument("address")
@password_stdin_option
@place_options
def password(address: str, password_stdin: bool, place: Place) -> None:
    """Give an account a new password; the old one is good no more, at once and at every door."""
    new = new_password(address, password_stdin)
    with Asker(place.directory) as asker:
        asker.ask(SetPassword(address=address, password=new), Done)
    click.echo(f"password of {address} changed")


@account.command(name="app-password")
@click.argument("address")
@click.option("--label", default="application", show_default=True, help="What it is for: how you will know it again.")
@click.option("--remove", is_flag=True, help="Let the one of this label be good no more.")
@place_options
def app_password(
    address: str, label: str, remove: bool, place: Place
) -> None:
    """Make a password for one program or device, and show it this once.

    It logs in like the account's own password, and can be taken back without changing that.

    \b
    posthouse account app-password anna@example.org --label phone
    posthouse account app-password anna@example.org --label phone --remove
    """
    with Asker(place.directory) as asker:
        if remove:
            asker.ask(RemoveApplicationPassword(address=address, label=label), Done)
            click.echo(f"application password {label} of {address} removed")
            return
        made = asker.ask(AddApplicationPassword(address=address, label=label), ApplicationPasswordMade)
    click.echo(made.password)
    click.echo("Enter it in the program now: it cannot be shown again.", err=True)


@account.command(name="list")
@click.option("--domain", default="", metavar="NAME", help="Only those of this domain.")
@json_option
@place_options
def list_(domain: str, as_json: bool, place: Place) -> None:
    """List the accounts, oldest first."""
    with Asker(place.directory) as asker:
        rows = list_accounts(asker, domain)
    cells = [(row.address, row.role, "yes" if row.has_password else "no", row.created_at) for row in rows]
    print_rows(rows, ("ACCOUNT", "ROLE", "PASSWORD", "ADDED"), cells, as_json)


@account.command()
@click.argument("address")
@json_object_option
@place_options
def show(address: str, as_json: bool, place: Place) -> None:
    """Show one account and the labels of its application passwords."""
    with Asker(place.directory) as asker:
        row = asker.ask(ShowAccount(address=address), AccountShown).account
    facts = [
        ("account", row.address),
        ("role", row.role),
        ("password", "yes" if row.has_password else "no, only application passwords"),
        ("added", row.created_at),
        *(("application password", f"{made.label}, {made.created_at}") for made in row.application_passwords),
    ]
    print_facts(row, facts, as_json)


@account.command()
@click.argument("address")
@click.confirmation_option(prompt="The account's mail goes with it. Remove it?", help="Do not ask whether it is meant.")
@place_options
def remove(address: str, place: Place) -> None:
    """Remove an account and all its mail."""
    with Asker(place.directory) as asker:
        asker.ask(RemoveAccount(address=address), Done)
    click.echo(f"account {address} removed")


def list_accounts(asker: Asker, domain: str = "") -> list[AccountRow]:
    """All accounts, page by page, oldest first."""
    rows: list[AccountRow] = []
    after = 0
    while True:
        page = asker.ask(ListAccounts(domain=domain, after=after), AccountsListed)
        rows += page.accounts
        after = page.next_after
        if not after:
            return rows


def new_password(address: str, password_stdin: bool) -> str:
    """Ask for a new password, twice; or read it from standard input. Raises CommandFailed."""
    if password_stdin:
        line = sys.stdin.buffer.readline(PASSWORD_LINE_OCTETS_MAX)
        if not line:
            raise CommandFailed("standard input is empty", "pipe the password in, as the first line")
        try:
            return line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise CommandFailed("the password is not UTF-8, as mail programs send it", "write it in UTF-8") from error
    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask for the password at", "pipe it in with --password-stdin")
    return str(click.prompt(f"New password of {address}", hide_input=True, confirmation_prompt="Once more"))
