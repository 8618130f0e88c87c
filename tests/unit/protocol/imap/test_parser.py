"""The grammar of every command (RFC 3501 9 and the extensions), good and bad."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.dates import Instant, ZonedInstant
from posthouse.protocol.imap import commands as c
from posthouse.protocol.imap.commands import Command, FlagChange, Numbering, StatusItem
from posthouse.protocol.imap.errors import CommandSyntaxError, UnknownCharsetError
from posthouse.protocol.imap.fetch_items import Attribute
from posthouse.protocol.imap.flags import DELETED, SEEN, Flag
from posthouse.protocol.imap.mailbox_names import INBOX, MailboxName
from posthouse.protocol.imap.parser import announces_message, parse_append, parse_command, parse_tag
from posthouse.protocol.imap.search_keys import Everything
from posthouse.protocol.imap.sequence_set import STAR, SequenceSet
from posthouse.protocol.imap.settings import TAG_OCTETS_MAX

A = MailboxName("a")
ONE = SequenceSet(((1, 1),))
ALL = SequenceSet(((1, STAR),))
SEQUENCE, UID = Numbering.SEQUENCE, Numbering.UID

GOOD: list[tuple[bytes, Command]] = [
    (b"CAPABILITY", c.Capability()),
    (b"NOOP", c.Noop()),
    (b"LOGOUT", c.Logout()),
    (b"STARTTLS", c.StartTls()),
    (b"AUTHENTICATE PLAIN", c.Authenticate("PLAIN", None)),
    (b"AUTHENTICATE plain AGEAYg==", c.Authenticate("PLAIN", b"AGEAYg==")),
    (b"AUTHENTICATE SCRAM-SHA-256 =", c.Authenticate("SCRAM-SHA-256", b"")),
    (b"LOGIN al secret", c.Login("al", b"secret")),
    (b'LOGIN "a\\"l" "se\\\\cret"', c.Login('a"l', b"se\\cret")),
    (b'LOGIN "" ""', c.Login("", b"")),
    (b"LOGIN {2}\r\nal {3+}\r\na\r\n", c.Login("al", b"a\r\n")),
    (b'LOGIN "j\xc3\xb6rg" "p\xff"', c.Login("jörg", b"p\xff")),
    (b"LOGIN al@example.org s]}+", c.Login("al@example.org", b"s]}+")),
    (b"SELECT inbox", c.Select(INBOX, read_only=False)),
    (b'SELECT "a b"', c.Select(MailboxName("a b"), read_only=False)),
    (b"SELECT {1}\r\na", c.Select(A, read_only=False)),
    (b"SELECT Entw&APw-rfe", c.Select(MailboxName("Entwürfe"), read_only=False)),
    (b"EXAMINE a", c.Select(A, read_only=True)),
    (b"CREATE a/b/", c.Create(MailboxName("a/b/"))),
    (b"DELETE a", c.Delete(A)),
    (b"RENAME a {1+}\r\nb", c.Rename(A, MailboxName("b"))),
    (b"SUBSCRIBE a", c.Subscribe(A)),
    (b"UNSUBSCRIBE a", c.Unsubscribe(A)),
    (b'LIST "" ""', c.List("", "", only_special_use=False)),
    (b'LIST "" *', c.List("", "*", only_special_use=False)),
    (b'LIST a/ %b]', c.List("a/", "%b]", only_special_use=False)),
    (b'LIST "" {3}\r\n*%a', c.List("", "*%a", only_special_use=False)),
    (b'LIST "" "*" RETURN (SPECIAL-USE)', c.List("", "*", only_special_use=False)),
    (b'LIST (special-use) "" "*"', c.List("", "*", only_special_use=True)),
    (b'LIST () "" "*" return ()', c.List("", "*", only_special_use=False)),
    (b'LIST (SPECIAL-USE) "" "*" RETURN (CHILDREN SPECIAL-USE)', c.List("", "*", only_special_use=True)),
    (b'LSUB "#news." "comp.*"', c.Lsub("#news.", "comp.*")),
    (b"STATUS a (UIDNEXT messages UIDNEXT)", c.Status(A, (StatusItem.UIDNEXT, StatusItem.MESSAGES))),
    (b"STATUS a (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)", c.Status(A, tuple(StatusItem))),
    (b"NAMESPACE", c.Namespace()),
    (b"IDLE", c.Idle()),
    (b"CHECK", c.Check()),
    (b"CLOSE", c.Close()),
    (b"UNSELECT", c.Unselect()),
    (b"EXPUNGE", c.Expunge(None)),
    (b"UID EXPUNGE 1", c.Expunge(ONE)),
    (b"SEARCH ALL", c.Search(Everything(), SEQUENCE)),
    (b"UID SEARCH CHARSET UTF-8 ALL", c.Search(Everything(), UID)),
    (b"FETCH 1:* FLAGS", c.Fetch(ALL, (Attribute.FLAGS,), SEQUENCE)),
    (b"UID FETCH 1 (FLAGS UID)", c.Fetch(ONE, (Attribute.FLAGS, Attribute.UID), UID)),
    (b"STORE 1 FLAGS (\\Deleted $A)", c.Store(ONE, FlagChange.REPLACE, (DELETED, Flag("$A")), False, SEQUENCE)),
    (b"STORE 1 +flags.silent \\seen \\SEEN", c.Store(ONE, FlagChange.ADD, (SEEN,), True, SEQUENCE)),
    (b"UID STORE 1 -FLAGS ()", c.Store(ONE, FlagChange.REMOVE, (), False, UID)),
    (b"COPY 1 a", c.Copy(ONE, A, SEQUENCE)),
    (b"UID COPY 1:* a", c.Copy(ALL, A, UID)),
    (b"MOVE 1 a", c.Move(ONE, A, SEQUENCE)),
    (b"uid move 1 {1}\r\na", c.Move(ONE, A, UID)),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "command"), GOOD, ids=lambda value: str(value)[:40])
def test_a_command_is_read(octets: bytes, command: Command) -> None:
    assert parse_command(b"A1 " + octets) == (b"A1", command)


@pytest.mark.parametrize(("octets", "command"), GOOD, ids=lambda value: str(value)[:40])
def test_a_commands_name_counts_in_any_case_and_all_of_it_is_read(octets: bytes, command: Command) -> None:
    name, space, rest = octets.partition(b" ")
    assert parse_command(b"t " + name.swapcase() + space + rest) == (b"t", command)
    for wrong in (octets + b" ", octets + b"\n", b" " + octets, octets.replace(b" ", b"  ", 1) + b" x"):
        with pytest.raises(CommandSyntaxError):
            parse_command(b"t " + wrong)


@pytest.mark.parametrize("octets", [
    b"", b"FOO", b"X-UNKNOWN", b"ENABLE CONDSTORE", b"ID NIL", b"NOOP x", b"CAPABILITY ", b"LOGOUT now", b"IDLE x",
    b"AUTHENTICATE", b"AUTHENTICATE ", b"AUTHENTICATE PLAIN ", b"AUTHENTICATE PLAIN *", b"AUTHENTICATE PLAIN ==",
    b"AUTHENTICATE PLAIN a b", b'AUTHENTICATE "PLAIN"', b"LOGIN", b"LOGIN al", b"LOGIN al ", b"LOGIN al secret x",
    b'LOGIN "al" "secret', b'LOGIN al "a"b', b"LOGIN al (x)", b"LOGIN al a*b", b"LOGIN al a%b", b'LOGIN al a"b',
    b"LOGIN al a\\b", b"LOGIN al a{b", b'LOGIN al "a\\b"', b'LOGIN al "a\rb"', b'LOGIN al "\x00"', b"LOGIN al \xff",
    b"LOGIN al {1}\r\n\x00", b"LOGIN al {2}\r\na", b"LOGIN al {-1}\r\n", b"LOGIN al {1}a", b'LOGIN "\xff" x',
    b"SELECT", b"SELECT ", b"SELECT a b", b'SELECT ""', b"SELECT (a)", b"SELECT a (CONDSTORE)", b"SELECT *",
    b"SELECT \xc3\xa4", b"SELECT a&b", b"EXAMINE", b"CREATE", b"CREATE a (USE (\\Sent))", b"DELETE", b"RENAME a",
    b"RENAME a ", b"RENAME a b c", b"SUBSCRIBE", b"UNSUBSCRIBE",
    b"LIST", b'LIST ""', b'LIST "" ', b'LIST "" (a b)', b'LIST "" ("a" "b")', b'LIST (SPECIAL-USE) ""',
    b'LIST (SUBSCRIBED) "" *', b'LIST (SPECIAL-USE SPECIAL-USE) "" *', b'LIST "" * RETURN', b'LIST "" * RETURN ',
    b'LIST "" * RETURN (SUBSCRIBED)', b'LIST "" * RETURN (STATUS (MESSAGES))', b'LIST "" * FOO (SPECIAL-USE)',
    b'LIST * *', b'LIST "" a\xff', b'LIST "" "&"', b"LSUB", b'LSUB (SPECIAL-USE) "" *', b'LSUB "" * RETURN ()',
    b"STATUS a", b"STATUS a ()", b"STATUS a MESSAGES", b"STATUS a (SIZE)", b"STATUS (MESSAGES)", b"STATUS a (MESSAGES",
    b"STATUS a (MESSAGES UNSEEN RECENT UIDNEXT UIDVALIDITY MESSAGES)",
    b"APPEND", b"APPEND a", b'APPEND a "text"', b"APPEND a {1}\r\nx",
    b"EXPUNGE 1", b"UID", b"UID ", b"UID EXPUNGE", b"UID NOOP", b"UID LOGIN a b", b"UID UID FETCH 1 FLAGS",
    b"UID  FETCH 1 UID",
    b"SEARCH", b"SEARCH ", b"UID SEARCH", b"FETCH", b"FETCH 1", b"FETCH 1 ", b"FETCH FLAGS", b"FETCH 0 FLAGS",
    b"FETCH 1  UID",
    b"FETCH 1 FLAGS UID", b"FETCH {1}\r\n1 FLAGS", b"STORE 1", b"STORE 1 FLAGS", b"STORE 1 FLAGS ", b"STORE 1 FLAGS (",
    b"STORE 1 FLAGS.SILENT", b"STORE 1 *FLAGS ()", b"STORE 1 FLAG ()", b"STORE 1 FLAGS.LOUD ()",
    b"STORE 1 FLAGS (\\Recent)",
    b"STORE 1 FLAGS (\\*)", b"STORE 1 FLAGS (\\Foo)", b"STORE 1 FLAGS (\\)", b"STORE 1 FLAGS \\", b"STORE 1 FLAGS ( a)",
    b"STORE 1 FLAGS (a )", b"STORE 1 FLAGS (a  b)", b"STORE 1 FLAGS a ", b"STORE 1 FLAGS (a) b", b"STORE 1 FLAGS (a]b)",
    b'STORE 1 FLAGS ("a")', b"STORE 1 FLAGS (" + b"k" * 256 + b")", b"STORE 1 + FLAGS ()", b"COPY 1", b"COPY a",
    b"COPY 1 a b",
    b"MOVE 1", b"MOVE a 1", b"MOVE x a",
])  # fmt: skip
def test_what_is_no_command_is_refused(octets: bytes) -> None:
    """RFC 3501 9; no command that belongs to an extension which is not announced."""
    with pytest.raises(CommandSyntaxError):
        parse_command(b"A1 " + octets)


@pytest.mark.parametrize("tag", [b"", b"+", b"a+b", b"(", b"a b", b"\xff", b"*", b"%", b'"', b"\\", b"{",
b"t" * (TAG_OCTETS_MAX + 1)])
def test_a_tag_is_one_of_the_grammar(tag: bytes) -> None:
    """RFC 3501 9: 1*<any ASTRING-CHAR except "+">."""
    with pytest.raises(CommandSyntaxError):
        parse_command(tag + b" NOOP")


@pytest.mark.parametrize(("octets", "tag"), [
    (b"a1", b"a1"), (b"a1 FOO", b"a1"), (b"a1 ", b"a1"), (b"]}.-_ x", b"]}.-_"), (b"t" * TAG_OCTETS_MAX + b" x",
    b"t" * TAG_OCTETS_MAX),
    (b"t" * (TAG_OCTETS_MAX + 1) + b" x", b"*"), (b"", b"*"), (b" a", b"*"), (b"a\x00 x", b"*"), (b"a+ x", b"*"),
    (b"a1\r\n", b"a1"),
])  # fmt: skip
def test_the_tag_is_found_though_the_rest_is_wrong(octets: bytes, tag: bytes) -> None:
    """RFC 3501 7.1.3: BAD bears the command's tag where there is one, else it is untagged."""
    assert parse_tag(octets) == tag


MOMENT = ZonedInstant(Instant(760_686_745_000_000), -480)    # RFC 3501 6.3.11: its example


@pytest.mark.parametrize(("octets", "append"), [
    (b"APPEND saved-messages (\\Seen) ", c.Append(MailboxName("saved-messages"), (SEEN,), None)),
    (b"append inbox ", c.Append(INBOX, (), None)),
    (b"APPEND {1}\r\na () ", c.Append(A, (), None)),
    (b'APPEND "a" " 7-Feb-1994 21:52:25 -0800" ', c.Append(A, (), MOMENT)),
    (b'APPEND a ($A $a) "08-Feb-1994 05:52:25 +0000" ',
     c.Append(A, (Flag("$A"), Flag("$a")), ZonedInstant(Instant(760_686_745_000_000), 0))),
])  # fmt: skip
def test_append_is_read_up_to_its_message(octets: bytes, append: c.Append) -> None:
    """RFC 3501 6.3.11: mailbox, perhaps flags, perhaps a date."""
    assert announces_message(b"t " + octets)
    assert parse_append(b"t " + octets) == (b"t", append)


@pytest.mark.parametrize("octets", [
    b"APPEND a", b"APPEND a  ", b"APPEND a x ", b"APPEND a (\\Recent) ", b"APPEND a (\\Seen)", b"APPEND a () () ",
    b'APPEND a "1-Jan-2020 00:00:00 +0000" ', b'APPEND a "01-Jan-2020 00:00:00 +0000" () ', b'APPEND "" ',
    b"APPEND a NIL ",
    b'APPEND a "31-Feb-2020 00:00:00 +0000" ', b'APPEND a "" ', b"APPEND a ~", b"APPEND {1}\r\na{",
])  # fmt: skip
def test_what_is_no_append_is_refused(octets: bytes) -> None:
    with pytest.raises(CommandSyntaxError):
        parse_append(b"t " + octets)


def test_the_literal_of_a_mailbox_is_not_taken_for_the_message() -> None:
    assert not announces_message(b"t APPEND ")
    assert not announces_message(b"t LOGIN APPEND x ")
    assert not announces_message(b"APPEND a ")


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(parse_command(b"t LOGIN al secret"))
    assert "AGEAYg" not in repr(parse_command(b"t AUTHENTICATE PLAIN AGEAYg=="))


WORDS = st.sampled_from([
    *(octets.split(b" ")[0] for octets, _ in GOOD), b"UID", b"FETCH", b"1:*", b"1,2", b"(", b")", b"()", b'"', b'"a"',
    b"{1}\r\n",
    b"{0+}\r\n", b"a", b"FLAGS", b"\\Seen", b"BODY[", b"]", b"<0.1>", b"HEADER.FIELDS", b"CHARSET", b"UTF-8", b"OR",
    b"NOT",
    b"*", b"&", b"1-Jan-2020", b"\r\n", b"\x00", b"\xff", b"INBOX", b"+FLAGS",
])  # fmt: skip


SENTENCES = st.lists(WORDS, max_size=10)


@given(st.binary(max_size=60) | SENTENCES.map(b" ".join) | SENTENCES.map(b"".join))
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    for command in (octets, b"t " + octets, b"t FETCH 1 " + octets, b"t SEARCH " + octets, b"t UID STORE 1 " + octets):
        for parse in (parse_command, parse_append):
            with suppress(CommandSyntaxError, UnknownCharsetError):
                parse(command)
        parse_tag(command)
        announces_message(command)
