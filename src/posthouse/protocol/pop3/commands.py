"""What a POP3 client may say, and how one line is read (RFC 1939 3, 9; RFC 2449 3; RFC 5034 4).

Keywords are read in any case; spaces behind the last argument are passed over, as old clients send them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.errors import CommandError


@dataclass(frozen=True, slots=True)
class User:
    name: str


@dataclass(frozen=True, slots=True)
class Pass:
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Apop:
    """Known so that it can be refused by name: it needs passwords kept in the clear (RFC 1939 7)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """``initial_response`` is still base64; None when the client waits for a challenge (RFC 5034 4)."""

    mechanism: bytes
    initial_response: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stls:
    pass


@dataclass(frozen=True, slots=True)
class Capa:
    pass


@dataclass(frozen=True, slots=True)
class Quit:
    pass


@dataclass(frozen=True, slots=True)
class Noop:
    pass


@dataclass(frozen=True, slots=True)
class Rset:
    pass


@dataclass(frozen=True, slots=True)
class Stat:
    pass


@dataclass(frozen=True, slots=True)
class List:
    number: int


@dataclass(frozen=True, slots=True)
class ListAll:
    """LIST without a number: a multi-line response."""


@dataclass(frozen=True, slots=True)
class Uidl:
    number: int


@dataclass(frozen=True, slots=True)
class UidlAll:
    """UIDL without a number: a multi-line response."""


@dataclass(frozen=True, slots=True)
class Retr:
    number: int


@dataclass(frozen=True, slots=True)
class Dele:
    number: int


@dataclass(frozen=True, slots=True)
class Top:
    number: int
    body_lines: int


BeforeLogin = User | Pass | Apop | Auth | Stls
"""What makes sense before the login only."""
OnMaildrop = Stat | List | ListAll | Uidl | UidlAll | Retr | Top | Dele | Rset | Noop
"""What makes sense after the login only."""
Command = BeforeLogin | OnMaildrop | Capa | Quit


def parse_command(line: bytes) -> Command:
    """Read one line, without its end. Raises CommandError."""
    verb, _, argument = line.partition(b" ")
    parse = _PARSERS.get(verb.upper())
    if parse is None:
        raise CommandError(replies.UNKNOWN_COMMAND)
    return parse(argument)


# Ten digits hold every number of a 32-bit UID space; more is nothing that we could ever have said.
_NUMBER: Final = re.compile(rb" *(\d{1,10}) *")
_TWO_NUMBERS: Final = re.compile(rb" *(\d{1,10}) +(\d{1,10}) *")


def _alone(command: Command) -> Callable[[bytes], Command]:
    def parse(argument: bytes) -> Command:
        if argument.strip(b" "):
            raise CommandError(replies.ARGUMENT_UNEXPECTED)
        return command

    return parse


def _with_number(make: Callable[[int], Command]) -> Callable[[bytes], Command]:
    def parse(argument: bytes) -> Command:
        found = _NUMBER.fullmatch(argument)
        if found is None:
            raise CommandError(replies.NUMBER_NEEDED)
        return make(int(found[1]))

    return parse


def _with_number_or_without(make: Callable[[int], Command], without: Command) -> Callable[[bytes], Command]:
    with_number = _with_number(make)

    def parse(argument: bytes) -> Command:
        return with_number(argument) if argument.strip(b" ") else without

    return parse


def _parse_top(argument: bytes) -> Command:
    found = _TWO_NUMBERS.fullmatch(argument)
    if found is None:
        raise CommandError(replies.TWO_NUMBERS_NEEDED)
    return Top(int(found[1]), int(found[2]))


def _parse_user(argument: bytes) -> Command:
    """A name may hold spaces (a quoted local part) and, as mail programs send it, UTF-8."""
    try:
        name = argument.decode("utf-8").strip(" ")
    except UnicodeDecodeError:
        raise CommandError(replies.NAME_NEEDED) from None
    if not name.isprintable() or not name:
        raise CommandError(replies.NAME_NEEDED)
    return User(name)


def _parse_pass(argument: bytes) -> Command:
    """All that follows one space is the password, spaces included (RFC 1939 7). No NUL: RFC 4616 2 has none."""
    if not argument or b"\0" in argument:
        raise CommandError(replies.PASSWORD_NEEDED)
    return Pass(argument)


def _parse_auth(argument: bytes) -> Command:
    words = argument.split()
    if not 1 <= len(words) <= 2:
        raise CommandError(replies.MECHANISM_NEEDED)
    return Auth(words[0].upper(), words[1] if len(words) == 2 else None)


def _parse_apop(_: bytes) -> Command:
    return Apop()


_PARSERS: Final[dict[bytes, Callable[[bytes], Command]]] = {
    b"RETR": _with_number(Retr),
    b"DELE": _with_number(Dele),
    b"TOP": _parse_top,
    b"LIST": _with_number_or_without(List, ListAll()),
    b"UIDL": _with_number_or_without(Uidl, UidlAll()),
    b"STAT": _alone(Stat()),
    b"NOOP": _alone(Noop()),
    b"RSET": _alone(Rset()),
    b"QUIT": _alone(Quit()),
    b"CAPA": _alone(Capa()),
    b"STLS": _alone(Stls()),
    b"USER": _parse_user,
    b"PASS": _parse_pass,
    b"AUTH": _parse_auth,
    b"APOP": _parse_apop,
}
