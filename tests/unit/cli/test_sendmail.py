"""`posthouse sendmail`: programs call it with the options and expect the exit codes that they know."""

import getpass

import pytest

from posthouse.cli.programs_mail import header_recipients

LETTER = "From: anna@example.org\nTo: ben@example.org\nSubject: x\n\nHello\n"


def newest(run, name: str = "ben") -> bytes:
    return run("fetch", "--account", f"{name}@example.org", "--last").stdout_bytes


def test_recipients_are_arguments(furnished) -> None:
    """The To field does not matter without -t."""
    sent = furnished("sendmail", "-i", "-f", "anna@example.org", "ben@example.org", given=LETTER.replace("ben@", "x@"))
    assert (sent.exit_code, sent.output) == (0, "")
    assert b"Return-Path: <anna@example.org>\r\nDelivered-To: ben@example.org\r\n" in newest(furnished)


def test_recipients_are_read_from_the_header_and_bcc_shows_nowhere(furnished) -> None:
    """Issue 4: -t; the blind copy arrives and nobody sees for whom."""
    letter = "From: anna@example.org\nTo: ben@example.org\nBcc: anna@example.org\nSubject: x\n\nHello\n"
    assert furnished("sendmail", "-t", "-i", given=letter).exit_code == 0
    for name in ("ben", "anna"):
        seen = newest(furnished, name)
        assert b"\r\nSubject: x\r\n" in seen
        assert b"\nbcc:" not in seen.lower()    # an identifier in hexadecimal may hold the three letters


def test_arguments_are_added_to_those_of_the_header(furnished) -> None:
    """As Postfix does it."""
    assert furnished("sendmail", "-t", "anna@example.org", given=LETTER).exit_code == 0
    assert newest(furnished, "anna")
    assert newest(furnished, "ben")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"To: a@b.example, \"x, y\" <c@d.example>\r\nCc: e@f.example\r\nBcc: g@h.example\r\n",
         ["a@b.example", "c@d.example", "e@f.example", "g@h.example"]),
        (b"To: Friends: a@b.example, c@d.example;, e@f.example\r\n", ["a@b.example", "c@d.example", "e@f.example"]),
        (b"To: undisclosed-recipients:;\r\nBcc: a@b.example\r\n", ["a@b.example"]),
        (b"To: root\r\n", ["root"]),
        (b"To: \"two words\"@b.example\r\n", ['"two words"@b.example']),
        (b"To: a@b.example\r\nResent-To: c@d.example\r\nResent-Bcc: e@f.example\r\n", ["c@d.example", "e@f.example"]),
        (b"Subject: none\r\n", []),
    ],
)  # fmt: skip
def test_the_header_names_the_recipients(header: bytes, expected: list[str]) -> None:
    """RFC 5322 3.6.3; of a message that is sent again only the Resent fields count (3.6.6)."""
    assert header_recipients(header + b"\r\nTo: nobody@body.example\r\n") == expected


@pytest.mark.parametrize(
    ("arguments", "is_cut"), [((), True), (("-i",), False), (("-oi",), False), (("-o", "i"), False), (("-oem",), True)]
)
def test_a_lone_dot_ends_the_message_unless_told_otherwise(
    furnished, arguments: tuple[str, ...], is_cut: bool
) -> None:
    """sendmail's old manner; programs that do not want it say -i or -oi."""
    letter = LETTER + ".\nmore\n"
    assert furnished("sendmail", *arguments, "ben@example.org", given=letter).exit_code == 0
    assert (b"more" not in newest(furnished)) is is_cut


def test_a_mail_of_crons_finds_its_reader(furnished) -> None:
    """Cron calls `sendmail -FCronDaemon -i -B8BITMIME -oem root`, with names that have no domain."""
    furnished("alias", "add", "root@example.org", "ben@example.org")
    letter = b"From: \"(Cron Daemon)\" <root>\nTo: root\nSubject: Cron\n\n\xc3\xa4\n"
    sent = furnished("sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root", given=letter)
    assert sent.exit_code == 0, sent.stderr
    seen = newest(furnished)
    assert f"Return-Path: <{getpass.getuser()}@example.org>\r\n".encode() in seen
    assert seen.endswith(b"\r\n\r\n\xc3\xa4\r\n")


def test_a_text_without_any_header_gets_one(furnished) -> None:
    """`echo disk full | sendmail anna`: the text stays text, whatever it looks like."""
    assert furnished("sendmail", "-F", "A Program", "-f", "ben", "anna", given="disk full\n").exit_code == 0
    seen = newest(furnished, "anna")
    assert b"\r\nFrom: A Program <ben@example.org>\r\n" in seen
    assert seen.endswith(b"\r\n\r\ndisk full\r\n")


def test_notices_can_be_sent_nowhere(furnished) -> None:
    """-f <> is the null reverse-path (RFC 5321 4.5.5)."""
    assert furnished("sendmail", "-f", "<>", "ben@example.org", given=LETTER).exit_code == 0
    assert newest(furnished).startswith(b"Return-Path: <>\r\n")


def test_line_ends_become_those_of_mail(furnished) -> None:
    """Programs write LF, CRLF or a mixture; RFC 5322 2.1 knows CRLF only."""
    assert furnished("sendmail", "-i", "ben@example.org", given=LETTER + "a\r\nb\rc\n").exit_code == 0
    assert newest(furnished).endswith(b"\r\n\r\nHello\r\na\r\nb\r\nc\r\n")


@pytest.mark.parametrize(
    ("arguments", "given", "code", "word"),
    [
        (("-z",), LETTER, 64, "No such option"),
        (("-bp",), LETTER, 64, "posthouse queue list"),
        ((), LETTER, 65, "-t"),
        (("-t",), "Subject: x\n\nHello\n", 65, "nobody is named"),
        (("nobody@example.org",), LETTER, 65, "nobody here"),
        (("-i", "ben@example.org"), LETTER + "\0\n", 65, "NUL"),
    ],
)  # fmt: skip
def test_the_exit_code_says_whether_to_try_again(
    furnished, arguments: tuple[str, ...], given: str, code: int, word: str
) -> None:
    """sysexits(3): 64 called wrongly, 65 the message's fault; only 75 is worth another try."""
    result = furnished("sendmail", *arguments, given=given)
    assert result.exit_code == code
    assert word in result.stderr


def test_where_there_is_no_server_and_no_data_it_is_worth_another_try(run, data) -> None:
    """A program that gets 75 keeps the message: the disk may not be mounted yet."""
    data.rmdir()
    assert run("sendmail", "ben@example.org", given=LETTER).exit_code == 75
