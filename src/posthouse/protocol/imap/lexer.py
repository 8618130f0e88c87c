"""The words of the grammar (RFC 3501 9): a cursor over one whole command, its literals in place.

Each method reads one word where the cursor stands and moves behind it, or raises CommandSyntaxError. Words are matched
by regular expressions that run in C; none of them can backtrack over more than it has read once.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from posthouse.message.dates import ZonedInstant
from posthouse.protocol.imap.dates import parse_date_time
from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.flags import Flag, settable_flag
from posthouse.protocol.imap.mailbox_names import MailboxName, decode_mailbox_name
from posthouse.protocol.imap.sequence_set import SequenceSet

_NOT_ATOM: Final = rb"\x00-\x20(){%*\"\\\x7f-\xff"    # atom-specials, "]" apart
# Octets above 127 have no place in a quoted string, but programs put UTF-8 there: passwords, words to search for.
_QUOTED: Final = rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"'
_LITERAL: Final = rb"\{(\d{1,10})\+?\}\r\n"    # the "+" is LITERAL+ (RFC 7888)

ATOM: Final = re.compile(rb"[^" + _NOT_ATOM + rb"\]]+")
_ASTRING: Final = re.compile(rb"([^" + _NOT_ATOM + rb"]+)|" + _QUOTED + rb"|" + _LITERAL)
_STRING: Final = re.compile(_QUOTED + rb"|" + _LITERAL)
_LIST_MAILBOX: Final = re.compile(rb"((?:[^" + _NOT_ATOM + rb"]|[%*])+)|" + _QUOTED + rb"|" + _LITERAL)
_WORD: Final = re.compile(rb"[A-Za-z][A-Za-z0-9.-]*")
_NUMBER: Final = re.compile(rb"\d{1,10}(?!\d)")
_SEQUENCE_SET: Final = re.compile(rb"[0-9*:,]+")
_FLAG: Final = rb"\\?[^" + _NOT_ATOM + rb"\]]+"
_FLAGS: Final = re.compile(rb"(?:" + _FLAG + rb"(?: " + _FLAG + rb")*)?")
_DATE_TIME: Final = re.compile(rb'"([^"\r\n]{26})"')
_QUOTED_PAIR: Final = re.compile(rb"\\(.)")

T = TypeVar("T")

NUMBER_END: Final = 1 << 32    # RFC 3501 9: number < 4,294,967,296


class Lexer:
    """A cursor over one command: ``octets`` without the final CRLF, ``at`` the offset of the next octet to read."""

    __slots__ = ("at", "octets")

    def __init__(self, octets: bytes, at: int = 0) -> None:
        self.octets = octets
        self.at = at

    def fail(self, wanted: str) -> CommandSyntaxError:
        """The error that says what was wanted here."""
        return CommandSyntaxError(f"{wanted} was expected at octet {self.at} of the command")

    def is_at_end(self) -> bool:
        """Whether all has been read."""
        return self.at == len(self.octets)

    def end(self) -> None:
        """Make sure that all has been read."""
        if self.at != len(self.octets):
            raise self.fail("the end")

    def next_is(self, octets: bytes) -> bool:
        """Whether these octets stand here; moves nothing."""
        return self.octets.startswith(octets, self.at)

    def skip(self, octets: bytes) -> bool:
        """Move behind these octets if they stand here."""
        if self.octets.startswith(octets, self.at):
            self.at += len(octets)
            return True
        return False

    def expect(self, octets: bytes) -> None:
        """Move behind these octets, which must stand here."""
        if not self.skip(octets):
            raise self.fail("a space" if octets == b" " else f"'{octets.decode('ascii')}'")

    def match(self, pattern: re.Pattern[bytes], wanted: str) -> re.Match[bytes]:
        """Move behind what the pattern matches here."""
        found = pattern.match(self.octets, self.at)
        if found is None:
            raise self.fail(wanted)
        self.at = found.end()
        return found

    def word(self, wanted: str) -> bytes:
        """A name of the protocol's own, in capitals."""
        return self.match(_WORD, wanted)[0].upper()

    def atom(self, wanted: str) -> bytes:
        """An atom."""
        return self.match(ATOM, wanted)[0]

    def astring(self, wanted: str) -> bytes:
        """An atom, a quoted string or a literal: the octets that are meant."""
        found = self.match(_ASTRING, wanted)
        return found[1] if found[1] is not None else self._string(found[2], found[3])

    def string(self, wanted: str) -> bytes:
        """A quoted string or a literal: the octets that are meant."""
        found = self.match(_STRING, wanted)
        return self._string(found[1], found[2])

    def list_mailbox(self) -> bytes:
        """A LIST pattern: an astring in which "%" and "*" need no quotes."""
        found = self.match(_LIST_MAILBOX, "a mailbox pattern")
        return found[1] if found[1] is not None else self._string(found[2], found[3])

    def mailbox(self) -> MailboxName:
        """A mailbox's name."""
        return decode_mailbox_name(self.astring("a mailbox name"))

    def number(self) -> int:
        """A number, zero included."""
        number = int(self.match(_NUMBER, "a number")[0])
        if number >= NUMBER_END:
            raise CommandSyntaxError("a number is at most 4294967295")
        return number

    def sequence_set(self) -> SequenceSet:
        """A set of sequence numbers or UIDs."""
        return SequenceSet.parse(self.match(_SEQUENCE_SET, "a sequence set")[0])

    def parenthesized(self, parse: Callable[["Lexer"], T], most: int) -> list[T]:
        """One or more things in parentheses, a space between two, ``most`` of them at the most."""
        self.expect(b"(")
        things = [parse(self)]
        while self.skip(b" "):
            if len(things) == most:
                raise CommandSyntaxError(f"a list here has at most {most} members")
            things.append(parse(self))
        self.expect(b")")
        return things

    def flag_list(self) -> tuple[Flag, ...]:
        """Flags to set, in parentheses, none of them twice."""
        self.expect(b"(")
        flags = self.bare_flags()
        self.expect(b")")
        return flags

    def bare_flags(self) -> tuple[Flag, ...]:
        """Flags to set, a space between two, none of them twice; there may be none."""
        octets = self.match(_FLAGS, "a flag")[0]
        return tuple(dict.fromkeys([settable_flag(flag) for flag in octets.split(b" ")])) if octets else ()

    def date_time(self) -> ZonedInstant:
        """A date and time in quotes, such as ``"17-Jul-1996 02:44:25 -0700"``."""
        return parse_date_time(self.match(_DATE_TIME, "a date and time in quotes")[1])

    def _string(self, quoted: bytes | None, literal_octets: bytes) -> bytes:
        if quoted is not None:
            return _QUOTED_PAIR.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        start, self.at = self.at, self.at + int(literal_octets)
        if self.at > len(self.octets):
            raise CommandSyntaxError("a literal is shorter than it was announced")
        octets = self.octets[start : self.at]
        if b"\0" in octets:    # RFC 3501 9: a literal is made of CHAR8, which leaves NUL out
            raise CommandSyntaxError("a literal cannot hold NUL")
        return octets
