"""`posthouse submit`: compose a message and submit it, here or to any server."""

import mimetypes
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from posthouse.cli.asking import Asker
from posthouse.cli.errors import CommandFailed
from posthouse.cli.gathering import gathered
from posthouse.cli.place import Place, place_options
from posthouse.cli.printing import plural
from posthouse.doors.control.requests import SubmitMessage
from posthouse.doors.control.responses import MessageSubmitted

if TYPE_CHECKING:
    from posthouse.message.compose import Attachment, ComposedMessage
    from posthouse.message.encoded_fields import NamedAddress

INPUT_OCTETS_MAX: Final = 256 << 20    # over any server's limit for a message, which is the server's to tell


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said, but for the text."""

    author: str
    to: tuple[str, ...]
    subject: str
    attach: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Which server is to take it; none: the one here."""

    server: str | None
    user: str | None
    password_file: Path | None
    insecure: bool


@click.command()
@click.option("--from", "author", required=True, metavar="WHO", help='The author: a@b.example, or "A <a@b.example>".')
@click.option("--to", required=True, multiple=True, metavar="ADDRESS", help="Who gets it; may be given several times.")
@click.option("--subject", default="", metavar="TEXT")
@click.option("--attach", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="Send a file along.")
@click.option("--server", metavar="HOST:PORT", help="Through this server's submission port, instead of the one here.")
@click.option("--user", metavar="NAME", help="Log in there with this name.  [default: the author's address]")
@click.option("--password-file", type=click.Path(path_type=Path), metavar="FILE", help="Its first line: the password.")
@click.option("--insecure", is_flag=True, help="Take any certificate: only for a server on trial.")
@gathered("letter", Letter)
@gathered("way", Way)
@place_options
def submit(letter: Letter, way: Way, place: Place) -> None:
    """Submit the text on standard input as a message.

    Through the server here, as the owner of its data; or through any server's submission port, with --server.

    \b
    echo "See you at eight." | posthouse submit --from anna@example.org --to ben@example.org --subject Tonight
    posthouse submit --from anna@example.org --to ben@example.org --attach plan.pdf < letter.txt
    posthouse submit --server mail.example.org:587 --from anna@example.org --to ben@example.org < letter.txt
    """
    from posthouse.message.compose import compose  # noqa: PLC0415 the MIME rooms take a while to load

    message = _message(letter)
    octets = compose(message)
    if way.server is not None:
        from posthouse.cli.remote import Account, submit_remotely  # noqa: PLC0415 TLS takes a while to load

        account = Account(way.user or str(message.author.address), way.password_file)
        submit_remotely(way.server, account, message, octets, insecure=way.insecure)
        click.echo(f"submitted to {way.server} for {plural(len(message.to), 'recipient')}")
        return
    request = SubmitMessage(
        reverse_path=str(message.author.address),
        forward_paths=tuple(str(named.address) for named in message.to),
        octets=len(octets),
    )
    with Asker(place.directory) as asker:
        submitted = asker.ask(request, MessageSubmitted, octets)
    click.echo(outcome(submitted))


def outcome(submitted: MessageSubmitted) -> str:
    """What became of a message that was taken."""
    ways = [f"delivered to {plural(submitted.delivered, 'account')}"] if submitted.delivered else []
    if submitted.queue_id is not None:
        ways.append(f"queued for others as number {submitted.queue_id}")
    return f"{' and '.join(ways)} ({submitted.identifier})"


def read_input() -> bytes:
    """All of standard input. Raises CommandFailed beyond the limit."""
    octets = sys.stdin.buffer.read(INPUT_OCTETS_MAX + 1)
    if len(octets) > INPUT_OCTETS_MAX:
        raise CommandFailed(f"standard input is longer than {INPUT_OCTETS_MAX} octets", "no server takes that much")
    return octets


def _message(letter: Letter) -> "ComposedMessage":
    from posthouse.message.compose import ComposedMessage  # noqa: PLC0415 as above
    from posthouse.message.dates import ZonedInstant  # noqa: PLC0415
    from posthouse.runtime.chance import SystemChance  # noqa: PLC0415
    from posthouse.runtime.clock import SystemClock  # noqa: PLC0415

    author = _named(letter.author)
    recipients = tuple(map(_named, letter.to))
    attachments = tuple(map(_attachment, letter.attach))
    if sys.stdin.isatty():
        click.echo("Type the message; end it with Ctrl-D on a line of its own.", err=True)
    chance = SystemChance()
    offset = datetime.now().astimezone().utcoffset()
    return ComposedMessage(
        author=author,
        to=recipients,
        subject=letter.subject,
        text=read_input().decode("utf-8", "replace"),
        date=ZonedInstant(SystemClock().now(), int(offset.total_seconds()) // 60 if offset else 0),
        message_id=f"{chance.identifier()}@{author.address.domain.key}",
        boundary_seed=chance.token(16),
        attachments=attachments,
    )


def _named(text: str) -> "NamedAddress":
    """An address, with or without a name before it. Raises CommandFailed."""
    from posthouse.message.address import AddressSyntaxError, parse_address  # noqa: PLC0415 as above
    from posthouse.message.encoded_fields import NamedAddress  # noqa: PLC0415

    name, bracket, rest = text.rpartition("<")
    try:
        return NamedAddress(parse_address(rest.strip().removesuffix(">")), name.strip().strip('"') if bracket else "")
    except AddressSyntaxError as error:
        raise CommandFailed(f"{text!r} is no address: {error.reason}", "write anna@example.org") from error


def _attachment(path: Path) -> "Attachment":
    from posthouse.message.compose import Attachment  # noqa: PLC0415 as above

    media_type, encoding = mimetypes.guess_type(path.name)
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path} cannot be attached ({error.strerror})", "name a file that you can read") from error
    return Attachment(path.name, "application/octet-stream" if encoding or not media_type else media_type, octets)
