"""`posthouse fetch`: the messages of an account, as its owner would read them."""

import sys
from typing import BinaryIO

import click

from posthouse.cli.account import list_accounts
from posthouse.cli.asking import Asker
from posthouse.cli.errors import CommandFailed
from posthouse.cli.place import Place, place_options
from posthouse.doors.control.requests import FetchMessages
from posthouse.doors.control.responses import MessagesFetched


@click.command()
@click.option("--account", default="", metavar="ADDRESS", help="Whose; needed where there are several accounts.")
@click.option("--mailbox", default="INBOX", show_default=True, metavar="NAME", help="Out of which of its mailboxes.")
@click.option("--last", is_flag=True, help="Only the newest message, octet for octet as it is read by IMAP.")
@place_options
def fetch(account: str, mailbox: str, last: bool, place: Place) -> None:
    """Print an account's messages; nothing is marked as seen.

    Several are printed as an mbox file (RFC 4155), which mutt -f and others read.

    \b
    posthouse fetch --account anna@example.org --last
    posthouse fetch --account anna@example.org > inbox.mbox
    """
    with Asker(place.directory) as asker:
        address = account or _only_account(asker)
        if last:
            found = asker.ask_for_octets(
                FetchMessages(address=address, mailbox=mailbox, last=True), MessagesFetched
            )[1]
            if not found:
                raise CommandFailed(
                    f"there is no message in {mailbox} of {address}",
                    "send one with `posthouse submit`, or name another --mailbox",
                )
            sys.stdout.buffer.write(found)
            return
        _print_all(asker, address, mailbox, sys.stdout.buffer)


def _only_account(asker: Asker) -> str:
    rows = list_accounts(asker)
    if len(rows) == 1:
        return rows[0].address
    if not rows:
        raise CommandFailed("there is no account", "make one with `posthouse account add`")
    some = ", ".join(row.address for row in rows[:5])
    raise CommandFailed(f"there are {len(rows)} accounts ({some})", "say whose messages: --account ADDRESS")


def _print_all(asker: Asker, address: str, mailbox: str, out: BinaryIO) -> None:
    after, is_last = 0, False
    while not is_last:
        request = FetchMessages(address=address, mailbox=mailbox, after_uid=after)
        page, octets = asker.ask_for_octets(request, MessagesFetched)
        start = 0
        for message in page.messages:
            out.write(as_mbox(octets[start : start + message.octets]))
            start += message.octets
            after = message.uid
        is_last = page.is_last


def as_mbox(message: bytes) -> bytes:
    """One message of an mbox file (RFC 4155), lines that look like its separator quoted (mboxrd)."""
    lines = message.replace(b"\r\n", b"\n").split(b"\n")
    quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
    return b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n" + b"\n".join(quoted).rstrip(b"\n") + b"\n\n"
