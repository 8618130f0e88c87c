"""A session does not outlive the login that let it in: a stolen one ends with the password that opened it."""

import contextlib
import imaplib
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
