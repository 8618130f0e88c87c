"""Reading one whole command (RFC 3501 9: command) into a value.

A command's octets hold its literals in place, as ``framing`` puts them together, and end before the final CRLF.
"""

import re
from collections.abc import Callable
from typing import Final

from posthouse.protocol.imap import commands
from posthouse.protocol.imap.commands import Command, Numbering
from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.fetch_items import parse_fetch_items
from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.lexer import Lexer
from posthouse.protocol.imap.mailbox_names import MailboxName, decode_mailbox_text
from posthouse.protocol.imap.responses import NO_TAG
from posthouse.protocol.imap.search_parser import parse_search_key
from posthouse.protocol.imap.sequence_set import SequenceSet
from posthouse.protocol.imap.settings import TAG_OCTETS_MAX

_TAG: Final = rb"([^\x00-\x20(){%%*\"\\+\x7f-\xff]{1,%d})" % TAG_OCTETS_MAX
_TAGGED: Final = re.compile(_TAG + rb"(?=[ \r\n]|\Z)")
_HEAD: Final = re.compile(_TAG + rb" ([A-Za-z]+)")
_APPEND: Final = re.compile(_TAG + rb" APPEND (?!\Z)", re.IGNORECASE)

APPEND_HEAD_OCTETS: Final = TAG_OCTETS_MAX + len(" APPEND ") + 1
"""How many octets of a command ``announces_message`` needs to see."""

_ONE_MESSAGE: Final = re.compile(rb" ([1-9]\d{0,8}) ")
_BASE64: Final = re.compile(rb"=|[A-Za-z0-9+/]+={0,2}")
_STORE_CHANGE: Final = re.compile(rb"([+-]?)FLAGS(\.SILENT)?(?= )", re.IGNORECASE)


def parse_command(octets: bytes) -> tuple[bytes, Command]:
    """Read a tag and a command. Raises CommandSyntaxError, or UnknownCharsetError for SEARCH."""
    head = _HEAD.match(octets)
    if head is None:
        raise CommandSyntaxError("a command is a tag, a space and the command's name")
    parse = _PARSERS.get(head[2].upper())
    if parse is None:
        raise CommandSyntaxError("that is no command of IMAP4rev1, nor of an extension that this server announces")
    lexer = Lexer(octets, head.end())
    command = parse(lexer)
    lexer.end()
    return head[1], command


def parse_tag(octets: bytes) -> bytes:
    """Find the tag, so that a command which cannot be read is still answered by name; NO_TAG when there is none."""
    found = _TAGGED.match(octets)
    return found[1] if found else NO_TAG


def announces_message(octets: bytes) -> bool:
    """Whether a literal behind these octets is the message of an APPEND, and not the name of its mailbox."""
    return _APPEND.match(octets) is not None


def parse_append(octets: bytes) -> tuple[bytes, commands.Append]:
    """Read the tag and all of an APPEND that stands before its message's literal. Raises CommandSyntaxError."""
    head = _HEAD.match(octets)
    if head is None:
        raise CommandSyntaxError("APPEND needs a tag")
    lexer = Lexer(octets, head.end())
    lexer.expect(b" ")
    mailbox = lexer.mailbox()
    lexer.expect(b" ")
    flags: tuple[Flag, ...] = ()
    internal_date = None
    if lexer.next_is(b"("):
        flags = lexer.flag_list()
        lexer.expect(b" ")
    if lexer.next_is(b'"'):
        internal_date = lexer.date_time()
        lexer.expect(b" ")
    lexer.end()
    return head[1], commands.Append(mailbox, flags, internal_date)


def _bare(command: Command) -> Callable[[Lexer], Command]:
    """A command without arguments."""
    return lambda lexer: command


def _of_mailbox(make: Callable[[MailboxName], Command]) -> Callable[[Lexer], Command]:
    """A command whose one argument is a mailbox."""

    def parse(lexer: Lexer) -> Command:
        lexer.expect(b" ")
        return make(lexer.mailbox())

    return parse


def _of_sequence(parse: Callable[[Lexer, Numbering], Command]) -> Callable[[Lexer], Command]:
    """A command that numbers messages by their place when it stands without UID."""
    return lambda lexer: parse(lexer, Numbering.SEQUENCE)


def _authenticate(lexer: Lexer) -> Command:
    lexer.expect(b" ")
    mechanism = lexer.atom("the name of a mechanism").decode("ascii").upper()
    initial = None
    if lexer.skip(b" "):
        initial = lexer.match(_BASE64, "an initial response in base64")[0]
        initial = b"" if initial == b"=" else initial    # RFC 4959 3: "=" is the empty response
    return commands.Authenticate(mechanism, initial)


def _login(lexer: Lexer) -> Command:
    lexer.expect(b" ")
    name = lexer.astring("a user name")
    lexer.expect(b" ")
    password = lexer.astring("a password")
    try:
        return commands.Login(name.decode("utf-8"), password)
    except ValueError:
        raise CommandSyntaxError("a user name is written in UTF-8") from None


def _rename(lexer: Lexer) -> Command:
    lexer.expect(b" ")
    mailbox = lexer.mailbox()
    lexer.expect(b" ")
    return commands.Rename(mailbox, lexer.mailbox())


def _list(lexer: Lexer) -> Command:
    """LIST, with the options of RFC 5258 that RFC 6154 needs: (SPECIAL-USE) and RETURN (SPECIAL-USE)."""
    lexer.expect(b" ")
    only_special_use = False
    if lexer.next_is(b"("):
        only_special_use = _SPECIAL_USE in _options(lexer, _SELECTION_OPTIONS)
        lexer.expect(b" ")
    reference, pattern = _reference_and_pattern(lexer)
    if lexer.skip(b" "):
        if lexer.word("RETURN") != b"RETURN":
            raise CommandSyntaxError("only RETURN may stand behind a pattern (RFC 5258 3)")
        lexer.expect(b" ")
        _options(lexer, _RETURN_OPTIONS)
    return commands.List(reference, pattern, only_special_use)


def _lsub(lexer: Lexer) -> Command:
    lexer.expect(b" ")
    return commands.Lsub(*_reference_and_pattern(lexer))


def _reference_and_pattern(lexer: Lexer) -> tuple[str, str]:
    reference = decode_mailbox_text(lexer.astring("a reference name"))
    lexer.expect(b" ")
    return reference, decode_mailbox_text(lexer.list_mailbox())


def _options(lexer: Lexer, known: frozenset[bytes]) -> frozenset[bytes]:
    """Options in parentheses, perhaps none (RFC 5258 3)."""
    if lexer.skip(b"()"):
        return frozenset()
    options = frozenset(lexer.parenthesized(_option, len(known)))
    if not options <= known:
        raise CommandSyntaxError("that option of LIST is not offered here (RFC 5258 3.1)")
    return options


def _option(lexer: Lexer) -> bytes:
    return lexer.word("an option of LIST")


_SPECIAL_USE: Final = b"SPECIAL-USE"
_SELECTION_OPTIONS: Final = frozenset([_SPECIAL_USE])
_RETURN_OPTIONS: Final = frozenset([_SPECIAL_USE, b"CHILDREN"])


def _status(lexer: Lexer) -> Command:
    lexer.expect(b" ")
    mailbox = lexer.mailbox()
    lexer.expect(b" ")
    items = lexer.parenthesized(_status_item, len(commands.StatusItem))
    return commands.Status(mailbox, tuple(dict.fromkeys(items)))


def _status_item(lexer: Lexer) -> commands.StatusItem:
    try:
        return commands.StatusItem(lexer.word("a STATUS item"))
    except ValueError:
        raise CommandSyntaxError("STATUS tells MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN") from None


def _append(lexer: Lexer) -> Command:
    """Never right: an APPEND whose message is a literal was read by parse_append, and never came whole."""
    raise CommandSyntaxError("APPEND ends with its message as a literal, such as {310}")


def _search(lexer: Lexer, numbering: Numbering) -> Command:
    lexer.expect(b" ")
    return commands.Search(parse_search_key(lexer), numbering)


def _fetch(lexer: Lexer, numbering: Numbering) -> Command:
    one = _ONE_MESSAGE.match(lexer.octets, lexer.at)    # as most are
    if one is not None:
        lexer.at = one.end()
        messages = SequenceSet.of_one(int(one[1]))
    else:
        lexer.expect(b" ")
        messages = lexer.sequence_set()
        lexer.expect(b" ")
    return commands.Fetch(messages, parse_fetch_items(lexer), numbering)


def _store(lexer: Lexer, numbering: Numbering) -> Command:
    lexer.expect(b" ")
    messages = lexer.sequence_set()
    lexer.expect(b" ")
    sign, silent = lexer.match(_STORE_CHANGE, "FLAGS, +FLAGS or -FLAGS").groups()
    lexer.expect(b" ")
    if lexer.is_at_end():    # only a list in parentheses may be empty
        raise lexer.fail("a flag")
    flags = lexer.flag_list() if lexer.next_is(b"(") else lexer.bare_flags()
    return commands.Store(messages, _CHANGES[sign], flags, silent is not None, numbering)


_CHANGES: Final = {
    b"": commands.FlagChange.REPLACE,
    b"+": commands.FlagChange.ADD,
    b"-": commands.FlagChange.REMOVE,
}


def _copy(lexer: Lexer, numbering: Numbering) -> Command:
    return commands.Copy(*_messages_and_mailbox(lexer), numbering)


def _move(lexer: Lexer, numbering: Numbering) -> Command:
    return commands.Move(*_messages_and_mailbox(lexer), numbering)


def _messages_and_mailbox(lexer: Lexer) -> tuple[SequenceSet, MailboxName]:
    lexer.expect(b" ")
    messages = lexer.sequence_set()
    lexer.expect(b" ")
    return messages, lexer.mailbox()


def _uid_expunge(lexer: Lexer, numbering: Numbering) -> Command:
    lexer.expect(b" ")
    return commands.Expunge(lexer.sequence_set())


def _uid(lexer: Lexer) -> Command:
    lexer.expect(b" ")
    parse = _UID_PARSERS.get(lexer.word("COPY, EXPUNGE, FETCH, MOVE, SEARCH or STORE"))
    if parse is None:
        raise CommandSyntaxError("UID goes with COPY, EXPUNGE, FETCH, MOVE, SEARCH and STORE (RFC 3501 6.4.8)")
    return parse(lexer, Numbering.UID)


_UID_PARSERS: Final[dict[bytes, Callable[[Lexer, Numbering], Command]]] = {
    b"COPY": _copy,
    b"EXPUNGE": _uid_expunge,
    b"FETCH": _fetch,
    b"MOVE": _move,
    b"SEARCH": _search,
    b"STORE": _store,
}

_PARSERS: Final[dict[bytes, Callable[[Lexer], Command]]] = {
    b"APPEND": _append,
    b"AUTHENTICATE": _authenticate,
    b"CAPABILITY": _bare(commands.Capability()),
    b"CHECK": _bare(commands.Check()),
    b"CLOSE": _bare(commands.Close()),
    b"COPY": _of_sequence(_copy),
    b"CREATE": _of_mailbox(commands.Create),
    b"DELETE": _of_mailbox(commands.Delete),
    b"EXAMINE": _of_mailbox(lambda mailbox: commands.Select(mailbox, read_only=True)),
    b"EXPUNGE": _bare(commands.Expunge(None)),
    b"FETCH": _of_sequence(_fetch),
    b"IDLE": _bare(commands.Idle()),
    b"LIST": _list,
    b"LOGIN": _login,
    b"LOGOUT": _bare(commands.Logout()),
    b"LSUB": _lsub,
    b"MOVE": _of_sequence(_move),
    b"NAMESPACE": _bare(commands.Namespace()),
    b"NOOP": _bare(commands.Noop()),
    b"RENAME": _rename,
    b"SEARCH": _of_sequence(_search),
    b"SELECT": _of_mailbox(lambda mailbox: commands.Select(mailbox, read_only=False)),
    b"STARTTLS": _bare(commands.StartTls()),
    b"STATUS": _status,
    b"STORE": _of_sequence(_store),
    b"SUBSCRIBE": _of_mailbox(commands.Subscribe),
    b"UID": _uid,
    b"UNSELECT": _bare(commands.Unselect()),
    b"UNSUBSCRIBE": _of_mailbox(commands.Unsubscribe),
}
