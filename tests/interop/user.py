"""Someone who has an account and uses real programs. Python's own clients say what is true of the mailbox."""

import imaplib
import os
import poplib
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from interop.served import SECONDS, Served

TRACE = re.compile(rb"\A(?:(?:Return-Path|Delivered-To|Received):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+")
poplib._MAXLINE = 1 << 20    # type: ignore[attr-defined]    # letters have lines of 998 octets and more


def swaks_has_tls() -> bool:
    """Whether swaks can do what these tests ask of it: its TLS is a package of its own."""
    if shutil.which("swaks") is None:
        return False
    supported = subprocess.run(("swaks", "--support"), capture_output=True, text=True, check=False).stdout
    return "=== TLS supported" in supported


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test by name where one of the programs is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed: scripts/install-interop")


class User:
    """One account and the home directory of whoever uses it.

    Servers are called localhost: s-nail and fetchmail look for a name in the certificate and never for an address.
    """

    def __init__(self, server: Served, address: str, password: str, home: Path) -> None:
        self.server = server
        self.address = address
        self.password = password
        self.home = home
        self.certificate = server.data / "development-certificate.pem"

    @property
    def name_in_urls(self) -> str:
        return self.address.replace("@", "%40")

    def port(self, door: str) -> int:
        return self.server.ports[door]

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the user's that nobody else may read: several programs insist on that for passwords."""
        path = self.home / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)
        return path

    def run(self, *command: str | Path, given: bytes = b"") -> bytes:
        """Run a program that must succeed; what it said on standard output."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TERM": "xterm", "TZ": "UTC",
        }  # fmt: skip
        done = subprocess.run(
            [str(word) for word in command], input=given, capture_output=True, timeout=SECONDS, check=False,
            env=environment, cwd=self.home,
        )  # fmt: skip
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout!r}\n{done.stderr!r}"
        return done.stdout

    # ---- the truth ---------------------------------------------------------------------------------------------------

    def imap(self) -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL("localhost", self.port("imaps"), ssl_context=self.tls_context())
        client.login(self.address, self.password)
        return client

    def pop3(self) -> poplib.POP3_SSL:
        client = poplib.POP3_SSL("localhost", self.port("pop3s"), context=self.tls_context())
        client.user(self.address)
        client.pass_(self.password)
        return client

    def put(self, *messages: bytes, mailbox: str = "INBOX") -> None:
        """Put messages there by APPEND, which keeps them octet for octet."""
        with self.imap() as client:
            for message in messages:
                assert client.append(mailbox, "", "", message)[0] == "OK"

    def kept(self, mailbox: str = "INBOX") -> list[bytes]:
        """All messages of a mailbox by IMAP, in order."""
        with self.imap() as client:
            if int(client.select(mailbox, readonly=True)[1][0]) == 0:
                return []
            found = client.fetch("1:*", "(BODY.PEEK[])")[1]
        return [part[1] for part in found if isinstance(part, tuple)]

    def flags(self, mailbox: str = "INBOX") -> list[set[bytes]]:
        with self.imap() as client:
            if int(client.select(mailbox, readonly=True)[1][0]) == 0:
                return []
            lines = client.fetch("1:*", "(FLAGS)")[1]
        return [set(imaplib.ParseFlags(line)) - {b"\\Recent"} for line in lines]

    def delivered(self) -> bytes:
        """The one message of the INBOX without the trace fields before it; by POP3 it is the same as by IMAP."""
        (message,) = self.kept()
        client = self.pop3()
        assert b"".join(line + b"\r\n" for line in client.retr(1)[1]) == message
        client.quit()
        found = TRACE.match(message)
        assert found is not None, "no trace fields"
        return message[found.end():]


def letter(user: User, subject: str = "letter") -> bytes:
    """A message with what is easily broken on its way; complete, so that submission has nothing to add."""
    head = (
        f"From: <{user.address}>\r\nTo: <{user.address}>\r\nSubject: {subject}\r\n"
        f"Date: Tue, 24 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{subject.replace(' ', '-')}@example.org>\r\n"
        "X-Folded: one\r\n\ttwo\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode()
    lines = [
        "hello", ".", "..", "..dots", ". x", "", "na\u00efve \u2603", "trailing space ", "\ttab", "From the start",
        ">From quoted", "x" * 998, "a backslash: \\n", "--", "", "",
    ]  # fmt: skip
    return head + "".join(line + "\r\n" for line in lines).encode()


def long_letter(user: User, subject: str = "long letter") -> bytes:
    """One that spills into a file of its own, and is read a page at a time."""
    lines = [b".%06d 0123456789 abcdefghijklmnopqrstuvwxyz\r\n" % number for number in range(15_000)]
    return letter(user, subject) + b"".join(lines)


def with_bare_lf(message: bytes) -> bytes:
    """As programs keep a message on Unix."""
    return message.replace(b"\r\n", b"\n")
