"""From octets to a command that may be given now, or to the reason why it is refused.

What is decided here: which literals are read and how much of them, where the message of an APPEND begins, which
commands the session's state allows. What is refused is off the reader when it is told, but for a rest to be swallowed.
"""

from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from posthouse.protocol.imap import charsets, codes
from posthouse.protocol.imap.commands import Append, Command, StartTls
from posthouse.protocol.imap.errors import CommandSyntaxError, UnknownCharsetError
from posthouse.protocol.imap.framing import Announcement, CommandReader, Fault, Progress
from posthouse.protocol.imap.parser import (
    APPEND_HEAD_OCTETS,
    announces_message,
    parse_append,
    parse_command,
    parse_tag,
)
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.settings import CommandLimits, SessionSettings
from posthouse.protocol.imap.states import LEGAL, Channel, State

UNKNOWN_CHARSET: Final = Completion(
    Condition.NO, "this server does not read that charset; use UTF-8", charsets.BADCHARSET
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a session is when a command comes, and what it may take."""

    state: State
    channel: Channel
    settings: SessionSettings

    @property
    def limits(self) -> CommandLimits:
        """How much a command may hold now."""
        is_before_login = self.state is State.NOT_AUTHENTICATED
        return self.settings.before_login if is_before_login else self.settings.after_login


class Taken(Struct, frozen=True):
    """A command, whole."""

    tag: bytes
    command: Command


@dataclass(frozen=True, slots=True)
class AppendTaken:
    """An APPEND whose message, the literal announced, is still to come."""

    tag: bytes
    command: Append
    message: Announcement


@dataclass(frozen=True, slots=True)
class LiteralTaken:
    """A literal will be part of the command; when it synchronises, the peer waits to be told so."""

    announced: Announcement


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not taken; ``rest`` is MORE when the reader must swallow what remains of it."""

    tag: bytes
    completion: Completion
    rest: Progress


def take_command(reader: CommandReader, now: Circumstances) -> Taken | AppendTaken | LiteralTaken | Refused | None:
    """Take the next command, or the next step towards it; None when more octets must come."""
    found = reader.read_command(now.limits.line_octets_max)
    if found is None:
        return None
    if isinstance(found, bytes):
        return _take_whole(found, now)
    if isinstance(found, Fault):
        return refuse_rest(reader, parse_tag(reader.command_start()), bad(found.value))
    if announces_message(reader.command_so_far(APPEND_HEAD_OCTETS)):
        return _take_append(reader, found, now)
    return _take_literal(reader, found, now.limits)


def bad(text: str) -> Completion:
    """The answer to what is against the protocol."""
    return Completion(Condition.BAD, text)


def refuse_rest(reader: CommandReader, tag: bytes, completion: Completion, literal_octets: int = 0) -> Refused:
    """Refuse a command that goes on: with so many octets of a literal, and with the rest of its line."""
    reader.drop_command(literal_octets)
    return Refused(tag, completion, Progress.MORE)


def _take_whole(octets: bytes, now: Circumstances) -> Taken | Refused:
    try:
        tag, command = parse_command(octets)
    except CommandSyntaxError as error:
        return Refused(parse_tag(octets), bad(error.text), Progress.DONE)
    except UnknownCharsetError:
        return Refused(parse_tag(octets), UNKNOWN_CHARSET, Progress.DONE)
    if now.state not in LEGAL[type(command)]:
        return Refused(tag, _out_of_place(type(command), now.state), Progress.DONE)
    if now.channel is Channel.TLS and isinstance(command, StartTls):
        return Refused(tag, bad("TLS is in use already"), Progress.DONE)
    return Taken(tag, command)


def _take_literal(reader: CommandReader, announced: Announcement, limits: CommandLimits) -> LiteralTaken | Refused:
    size = announced.size_octets
    if size > limits.literal_octets_max or reader.literal_octets + size > limits.literals_octets_max:
        return _refuse_literal(reader, announced, bad(f"a literal of {size} octets is over this server's limit"))
    reader.take_literal(size)
    return LiteralTaken(announced)


def _take_append(reader: CommandReader, announced: Announcement, now: Circumstances) -> AppendTaken | Refused:
    size, most = announced.size_octets, now.settings.append_octets_max
    try:
        tag, command = parse_append(reader.command_so_far())
    except CommandSyntaxError as error:
        return _refuse_literal(reader, announced, bad(error.text))
    if now.state not in LEGAL[Append]:
        return _refuse_literal(reader, announced, _out_of_place(Append, now.state))
    if size > most:
        text = f"message of {size} octets is over this server's limit of {most} octets"
        return _refuse_literal(reader, announced, Completion(Condition.NO, text, codes.TOOBIG))
    reader.drop_command()
    return AppendTaken(tag, command, announced)


def _refuse_literal(reader: CommandReader, announced: Announcement, completion: Completion) -> Refused:
    """Refuse a command at a literal: one that synchronises will not be sent, another one comes all the same."""
    tag = parse_tag(reader.command_start())
    if not announced.is_synchronising:
        return refuse_rest(reader, tag, completion, announced.size_octets)
    reader.drop_command()
    return Refused(tag, completion, Progress.DONE)


def _out_of_place(command: type[Command], state: State) -> Completion:
    if LEGAL[command] == {State.NOT_AUTHENTICATED}:
        return bad("that command can be given before login alone")
    return bad(f"that command cannot be given {state.value}")
