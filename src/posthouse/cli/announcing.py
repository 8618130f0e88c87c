"""What `serve --dev` says once it serves: for a person who has never seen it, or as JSON for a script."""

import shlex
import sys

import click
import msgspec

from posthouse import __version__
from posthouse.config import DoorName
from posthouse.config.development import DevelopmentKeys
from posthouse.server import Deployment


class Announcement(msgspec.Struct, frozen=True):
    """The one JSON object of `--json`."""

    domain: str
    account: str
    password: str
    accounts: tuple[str, ...]
    data_directory: str
    ports: dict[str, int]


def announce(deployment: Deployment, is_kept: bool, as_json: bool) -> None:
    """Say where everything is and how to try it. `is_kept`: the data directory stays when the server ends."""
    keys = deployment.development
    assert keys is not None, "only a trial is announced"
    ports = {str(door): listening[0].bound.port for door, listening in deployment.listening.items()}
    if as_json:
        said = Announcement(
            keys.domain, keys.accounts[0], keys.password, keys.accounts, str(deployment.data.path), ports
        )
        click.echo(msgspec.json.encode(said))
        return
    for line in (*_facts(deployment, keys, is_kept, ports), *_commands(deployment, keys, ports)):
        click.echo(line)


def _facts(deployment: Deployment, keys: DevelopmentKeys, is_kept: bool, ports: dict[str, int]) -> list[str]:
    directory = deployment.data.path
    moved = [
        f"             {one.wanted.port} was taken: {door} is on {one.bound.port}"
        for door, listening in deployment.listening.items()
        for one in listening
        if one.is_elsewhere
    ]
    return [
        f"Posthouse {__version__} serves {keys.domain} on this machine, to try it out. Ctrl-C stops it.",
        "",
        f"  accounts   {', '.join(keys.accounts)}",
        f"  password   {keys.password}{'  (unless you have changed it)' if is_kept else ''}",
        f"  data       {directory}{'' if is_kept else '  (gone at the end; --data-directory DIR keeps it)'}",
        f"  ports      {', '.join(f'{door} {port}' for door, port in ports.items())}",
        *moved,
    ]


def _commands(deployment: Deployment, keys: DevelopmentKeys, ports: dict[str, int]) -> list[str]:
    """One command that submits and one that reads back, and the same with a program that nobody here wrote."""
    author, recipient = keys.accounts[0], keys.accounts[-1]
    ours = f"{shlex.quote(sys.argv[0])} {{}} --data-directory {shlex.quote(str(deployment.data.path))}"
    letter = f"From: {author}\\r\\nTo: {recipient}\\r\\nSubject: Hello\\r\\n\\r\\nIt works.\\r\\n"
    curl = "curl -sS --insecure --user"
    return [
        "",
        "Submit a message, and read it:",
        "",
        f"  echo It works. | {ours.format('submit')} --from {author} --to {recipient} --subject Hello",
        f"  {ours.format('fetch')} --account {recipient} --last",
        "",
        "The same with curl:",
        "",
        f"  printf '{letter}' | {curl} {author}:{keys.password} --ssl-reqd --mail-from {author} --mail-rcpt {recipient}"
        f" --upload-file - smtp://127.0.0.1:{ports[DoorName.SUBMISSION]}",
        f"  {curl} {recipient}:{keys.password} 'imaps://127.0.0.1:{ports[DoorName.IMAPS]}/INBOX;MAILINDEX=*'",
        "",
    ]
