"""Reading one line: keywords in any case, arguments by the book, everything else a mistake with an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    Dele,
    List,
    ListAll,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    UidlAll,
    User,
    parse_command,
)
from posthouse.protocol.pop3.errors import CommandError

GOOD: list[tuple[bytes, Command]] = [
    (b"USER mrose", User("mrose")),
    (b"USER mrose@example.org ", User("mrose@example.org")),
    (b'USER "m rose"@example.org', User('"m rose"@example.org')),
    ("USER jürgen@example.org".encode(), User("jürgen@example.org")),
    (b"PASS tanstaaf", Pass(b"tanstaaf")),
    (b"PASS  with  spaces ", Pass(b" with  spaces ")),
    (b"PASS \xff\xfe", Pass(b"\xff\xfe")),
    (b"APOP mrose c4c9334bac560ecc979e58001b3e22fb", Apop()),
    (b"AUTH PLAIN", Auth(b"PLAIN", None)),
    (b"auth plain AGEAYg==", Auth(b"PLAIN", b"AGEAYg==")),
    (b"AUTH PLAIN =", Auth(b"PLAIN", b"=")),
    (b"STLS", Stls()),
    (b"CAPA", Capa()),
    (b"QUIT", Quit()),
    (b"quit  ", Quit()),
    (b"NOOP", Noop()),
    (b"RSET", Rset()),
    (b"StAt", Stat()),
    (b"LIST", ListAll()),
    (b"LIST ", ListAll()),
    (b"LIST 2", List(2)),
    (b"UIDL", UidlAll()),
    (b"UIDL 2", Uidl(2)),
    (b"RETR 12", Retr(12)),
    (b"RETR  12 ", Retr(12)),
    (b"DELE 0", Dele(0)),
    (b"TOP 1 0", Top(1, 0)),
    (b"TOP 1 9999999999", Top(1, 9_999_999_999)),
]

BAD: list[tuple[bytes, bytes]] = [
    (b"", replies.UNKNOWN_COMMAND),
    (b" ", replies.UNKNOWN_COMMAND),
    (b"XTND XMIT", replies.UNKNOWN_COMMAND),
    (b"RETR\t1", replies.UNKNOWN_COMMAND),
    (b"GET / HTTP/1.1", replies.UNKNOWN_COMMAND),
    (b"NOOP now", replies.ARGUMENT_UNEXPECTED),
    (b"QUIT 1", replies.ARGUMENT_UNEXPECTED),
    (b"STLS 1", replies.ARGUMENT_UNEXPECTED),
    (b"RETR", replies.NUMBER_NEEDED),
    (b"RETR one", replies.NUMBER_NEEDED),
    (b"RETR -1", replies.NUMBER_NEEDED),
    (b"RETR 1 2", replies.NUMBER_NEEDED),
    (b"RETR 1\0", replies.NUMBER_NEEDED),
    (b"RETR 1\r", replies.NUMBER_NEEDED),
    ("RETR \u0661".encode(), replies.NUMBER_NEEDED),    # a digit, but not an ASCII one
    (b"DELE 12345678901", replies.NUMBER_NEEDED),
    (b"LIST x", replies.NUMBER_NEEDED),
    (b"TOP 1", replies.TWO_NUMBERS_NEEDED),
    (b"TOP 1 -1", replies.TWO_NUMBERS_NEEDED),
    (b"USER", replies.NAME_NEEDED),
    (b"USER  ", replies.NAME_NEEDED),
    (b"USER \xff", replies.NAME_NEEDED),
    (b"USER a\0b", replies.NAME_NEEDED),
    (b"PASS", replies.PASSWORD_NEEDED),
    (b"PASS ", replies.PASSWORD_NEEDED),
    (b"PASS a\0b", replies.PASSWORD_NEEDED),
    (b"AUTH", replies.MECHANISM_NEEDED),
    (b"AUTH PLAIN a b", replies.MECHANISM_NEEDED),
]


@pytest.mark.parametrize(("line", "command"), GOOD, ids=repr)
def test_each_command_is_read(line: bytes, command: Command) -> None:
    """RFC 1939 3: keywords are case-insensitive; RFC 2449 3: parameters are separated by spaces."""
    assert parse_command(line) == command


@pytest.mark.parametrize(("line", "reply"), BAD, ids=repr)
def test_each_mistake_is_answered(line: bytes, reply: bytes) -> None:
    """RFC 1939 3: a server answers an unrecognized or syntactically invalid command with a negative indicator."""
    with pytest.raises(CommandError) as caught:
        parse_command(line)
    assert caught.value.reply == reply


begun_well = st.builds(bytes.__add__, st.sampled_from([line for line, _ in GOOD]), st.binary(max_size=20))


@given(st.binary(max_size=60) | begun_well)
def test_any_line_is_a_command_or_a_mistake(line: bytes) -> None:
    """Fuzz: nothing but CommandError ever comes out."""
    try:
        assert isinstance(parse_command(line), Command)
    except CommandError as mistake:
        assert mistake.reply.startswith(b"-ERR ")


def test_a_password_is_never_shown() -> None:
    """DESIGN 7: secrets cannot be put into a log line."""
    assert "secret" not in repr(parse_command(b"PASS secret"))
    assert "c2VjcmV0" not in repr(parse_command(b"AUTH PLAIN c2VjcmV0"))
