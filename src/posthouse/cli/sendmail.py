"""`posthouse sendmail`: what programs call to send mail, with the options and exit codes that they know (sysexits)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

import click

from posthouse.cli.asking import Asker, RequestRefused
from posthouse.cli.errors import CommandFailed
from posthouse.cli.gathering import gathered
from posthouse.cli.place import Place, place_options
from posthouse.cli.submit import read_input
from posthouse.doors.control.requests import SubmitMessage
from posthouse.doors.control.responses import MessageSubmitted

F = TypeVar("F", bound=Callable[..., None])

EX_USAGE: Final = 64          # sysexits(3): called wrongly
EX_DATAERR: Final = 65        # the message or an address of it cannot be taken
EX_TEMPFAIL: Final = 75       # the same may do later: programs keep the message and try again

# Options that other sendmails know and that change nothing here: delivery mode, error mode, notifications, tracing.
_PASSED_OVER: Final = ("-B", "-C", "-L", "-N", "-O", "-R", "-V", "-X", "-d", "-h", "-p", "-q")
_PASSED_OVER_FLAGS: Final = ("-G", "-U", "-m", "-n", "-v")

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_LONE_DOT: Final = re.compile(rb"^\.\r\n", re.MULTILINE)


class CalledWrongly(click.UsageError):
    """As click says it, with sysexits' code."""

    exit_code = EX_USAGE


class SendmailCommand(click.Command):
    """Exits as sysexits says, also when it is called wrongly."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise CalledWrongly(error.message, ctx) from error

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except RequestRefused as error:
            _exit(error, EX_DATAERR)
        except CommandFailed as error:
            _exit(error, EX_TEMPFAIL)


def _exit(error: CommandFailed, code: int) -> NoReturn:
    error.show()
    raise SystemExit(code) from error


def _passed_over(command: F) -> F:
    for flag in _PASSED_OVER_FLAGS:
        command = click.option(flag, f"passed_over_{flag[1]}", is_flag=True, hidden=True, expose_value=False)(command)
    for option in _PASSED_OVER:
        name = f"passed_over_{option[1]}_"
        command = click.option(option, name, hidden=True, expose_value=False, multiple=True)(command)
    return command


@dataclass(frozen=True, slots=True)
class Manner:
    """How the message is to be read and sent."""

    from_header: bool
    ignore_dots: bool
    reverse_path: str | None
    full_name: str
    settings: tuple[str, ...]
    mode: str

    @property
    def dot_ends(self) -> bool:
        """Whether a line with a dot alone ends the message."""
        return not self.ignore_dots and "i" not in self.settings


@click.command(cls=SendmailCommand)
@click.argument("recipients", nargs=-1, metavar="[ADDRESS]...")
@click.option("-t", "from_header", is_flag=True, help="Take the recipients from To, Cc and Bcc too; Bcc is left out.")
@click.option("-i", "ignore_dots", is_flag=True, help="A line with a dot alone does not end the message.")
@click.option("-f", "-r", "reverse_path", metavar="ADDRESS", help="Where notices go; <> for none.  [default: the user]")
@click.option("-F", "full_name", default="", metavar="NAME", help="The author's name, where the message has no From.")
@click.option("-o", "settings", multiple=True, metavar="X", help="-oi is -i; others are passed over.")
@click.option("-b", "mode", default="m", metavar="X", help="Only -bm, which sends a message, is known.")
@_passed_over
@gathered("manner", Manner)
@place_options
def sendmail(recipients: tuple[str, ...], manner: Manner, place: Place) -> None:
    """Send the message on standard input; for programs that call sendmail.

    Make it theirs with `ln -s $(command -v posthouse) /usr/sbin/sendmail`. Exits 0 when the message is safely kept, 75
    when the same may do later, other numbers of sysexits(3) when it will not.

    \b
    posthouse sendmail -t -i < message
    posthouse sendmail -i -f anna@example.org ben@example.org < message
    """
    from posthouse.cli.programs_mail import Originator, header_recipients  # noqa: PLC0415 it loads the MIME rooms

    if manner.mode != "m":
        raise CalledWrongly(f"-b{manner.mode} is not known here; `posthouse queue list` shows what -bp does elsewhere")
    octets = _LINE_END.sub(b"\r\n", read_input())
    if manner.dot_ends:
        octets = _LONE_DOT.split(octets, maxsplit=1)[0]
    with Asker(place.directory) as asker:
        originator = Originator(asker, manner.reverse_path, manner.full_name)
        named = (*recipients, *(header_recipients(octets) if manner.from_header else ()))
        if not named:
            raise RequestRefused("nobody is named to send it to", "name somebody, or use -t and a To field")
        paths = tuple(dict.fromkeys(map(originator.qualified, named)))
        octets = originator.completed(octets)
        request = SubmitMessage(reverse_path=originator.reverse_path, forward_paths=paths, octets=len(octets))
        asker.ask(request, MessageSubmitted, octets)
