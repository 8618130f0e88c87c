"""The group `posthouse` with all its commands."""


from pathlib import Path

import click

from posthouse import __version__
from posthouse.cli.account import account
from posthouse.cli.alias import alias
from posthouse.cli.check import check
from posthouse.cli.domain import domain
from posthouse.cli.fetch import fetch
from posthouse.cli.place import group_place_options
from posthouse.cli.queue import queue
from posthouse.cli.sendmail import sendmail
from posthouse.cli.serve import serve
from posthouse.cli.submit import submit


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="posthouse %(version)s")
@group_place_options
def posthouse(data_directory: Path | None, config: Path | None) -> None:
    """A domain's whole mail system in one program.

    Try it: `posthouse serve --dev` serves a made-up domain on this machine and says how to send the first message.

    \b
    For a domain of your own:
      posthouse serve --config /etc/posthouse/posthouse.toml
      posthouse domain add example.org
      posthouse account add anna@example.org

    Every command finds the data by --data-directory or --config. It speaks with the running server, which sees each
    change at once; when none runs it does without.
    """


for command in (account, alias, check, domain, fetch, queue, sendmail, serve, submit):
    posthouse.add_command(command)
