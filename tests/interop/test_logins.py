"""A session does not outlive the login that let it in: a stolen one ends with the password that opened it."""

import contextlib
import imaplib
import json
import poplib
import smtplib
from pathlib import Path

import pytest

from interop.served import Served


def sessions(served: Served) -> tuple[imaplib.IMAP4, poplib.POP3, smtplib.SMTP]:
    imap = imaplib.IMAP4("127.0.0.1", served.ports["imap"])
    imap.login(served.account, served.password)
    pop = poplib.POP3("127.0.0.1", served.ports["pop3"])
    pop.user(served.account)
    pop.pass_(served.password)
    smtp = smtplib.SMTP("127.0.0.1", served.ports["submission"])
    smtp.login(served.account, served.password)
    return imap, pop, smtp


def assert_ended(imap: imaplib.IMAP4, pop: poplib.POP3, smtp: smtplib.SMTP) -> None:
    with pytest.raises((imaplib.IMAP4.abort, imaplib.IMAP4.error, OSError)):
        imap.noop()
    with pytest.raises((poplib.error_proto, OSError)):
        pop.noop()      # -ERR [AUTH], or the connection was gone before that was read
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        assert smtp.noop()[0] == 421      # 421 4.7.0, unless the connection was gone before it was read
    for client in (smtp, pop):
        client.close()
    imap.shutdown()


def test_a_changed_password_ends_the_sessions_that_it_let_in(tmp_path: Path) -> None:
    """The issue: a running server sees each change at once; `account password`: the old one is good no more."""
    with Served(tmp_path / "data") as served:
        opened = sessions(served)
        done = served.run("account", "password", served.account, "--password-stdin", given=b"another password\n")
        assert done.returncode == 0, done.stderr
        assert_ended(*opened)
        with imaplib.IMAP4("127.0.0.1", served.ports["imap"]) as imap:
            imap.login(served.account, "another password")


def test_a_removed_account_has_no_sessions(tmp_path: Path) -> None:
    """Nothing of a removed account is served any more, to those who were there before either."""
    with Served(tmp_path / "data") as served:
        opened = sessions(served)
        done = served.run("account", "remove", served.account, "--yes")
        assert done.returncode == 0, done.stderr
        assert_ended(*opened)


def test_the_journal_tells_of_failed_logins_without_what_was_typed(tmp_path: Path) -> None:
    """A postmaster sees who guesses; passwords that were typed as names never get into a log (DESIGN 7)."""
    with Served(tmp_path / "data") as served:
        imap = imaplib.IMAP4("127.0.0.1", served.ports["imap"])
        with pytest.raises(imaplib.IMAP4.error):
            imap.login("my-secret-typed-as-a-name", "wrong")
        imap.shutdown()
        with smtplib.SMTP("127.0.0.1", served.ports["submission"]) as smtp, pytest.raises(smtplib.SMTPException):
            smtp.login(served.account, "wrong")
        pop = poplib.POP3("127.0.0.1", served.ports["pop3"])
        pop.user(served.account)
        with pytest.raises(poplib.error_proto):
            pop.pass_("wrong")
        pop.close()
    lines = (tmp_path / "serve.err").read_text().splitlines()
    told = [event for event in map(json.loads, lines) if event["event"] == "login-failed"]
    assert {event["door"] for event in told} == {"imap", "pop3", "submission"}
    assert {event["reason"] for event in told} == {"wrong name or password"}
    assert not any("secret" in line for line in lines)
