"""Load by programs that nobody here wrote (smtplib, imaplib), and a ledger of what the server has acknowledged.

Every message has an identifier that is used once, in its Message-ID. A client notes it only after the server's last
word on it; one that was sent and never answered may be kept or not, but not twice.
"""

import contextlib
import imaplib
import itertools
import random
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from interop.served import Served

ANY_CERTIFICATE = ssl._create_unverified_context()    # that of a trial is self-made
HOST = "127.0.0.1"
ELSEWHERE = "elsewhere.example"
MESSAGES_MAX = 250               # by one client in one round
PATIENCE_SECONDS = 10.0
# Body octets: most of them in rows of the database, some beyond 256 KiB, which are files.
SIZES = (20,) * 9 + (4_000,) * 9 + (300_000,)

Client = Callable[[Served, "Ledger", random.Random], None]


@dataclass
class Ledger:
    """What was acknowledged, by which way."""

    kept: set[str] = field(default_factory=set)       # must be in the INBOX
    queued: set[str] = field(default_factory=set)     # must wait in the queue
    refusals: list[str] = field(default_factory=list)    # replies that no client should hear for these messages
    is_over: threading.Event = field(default_factory=threading.Event)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_identifier(self) -> str:
        """One that was never used and never will be. (`next` of a count is one step of the interpreter.)"""
        return f"n{next(self._numbers)}"

    def identifiers(self) -> Iterator[str]:
        """New ones, until the load is over or the client has had its share."""
        for _ in range(MESSAGES_MAX):
            if self.is_over.is_set():
                return
            yield self.new_identifier()


def letter(account: str, identifier: str, octets: int) -> bytes:
    """A message whose Message-ID is the identifier."""
    fields = (
        f"From: <{account}>", f"To: <{account}>", "Date: Tue, 24 Nov 2026 08:00:00 +0000",
        f"Message-ID: <{identifier}@load.example>", f"Subject: {identifier}", "", "",
    )  # fmt: skip
    return "\r\n".join(fields).encode() + (b"y" * 76 + b"\r\n") * (octets // 78 + 1)


def receive(served: Served, ledger: Ledger, chance: random.Random) -> None:
    """Mail to an account of ours, from anyone: port 25."""
    with closing(smtplib.SMTP(HOST, served.ports["smtp"], timeout=PATIENCE_SECONDS)) as client:
        for identifier in ledger.identifiers():
            octets = letter(served.account, identifier, chance.choice(SIZES))
            client.sendmail("someone@sender.example", [served.account], octets)
            ledger.kept.add(identifier)


def submit(served: Served, ledger: Ledger, chance: random.Random) -> None:
    """Mail of an account of ours to itself, and to somebody elsewhere: port 587 with STARTTLS."""
    with closing(smtplib.SMTP(HOST, served.ports["submission"], timeout=PATIENCE_SECONDS)) as client:
        client.starttls(context=ANY_CERTIFICATE)
        client.login(served.account, served.password)
        for identifier in ledger.identifiers():
            octets = letter(served.account, identifier, chance.choice(SIZES))
            client.sendmail(served.account, [served.account, f"{identifier}@{ELSEWHERE}"], octets)
            ledger.kept.add(identifier)
            ledger.queued.add(identifier)


def append(served: Served, ledger: Ledger, chance: random.Random) -> None:
    """What a mail program puts into the INBOX itself: IMAP APPEND over TLS."""
    client = imaplib.IMAP4_SSL(HOST, served.ports["imaps"], ssl_context=ANY_CERTIFICATE, timeout=PATIENCE_SECONDS)
    try:
        client.login(served.account, served.password)
        for identifier in ledger.identifiers():
            octets = letter(served.account, identifier, chance.choice(SIZES))
            answer, text = client.append("INBOX", "", "", octets)
            if answer == "OK":
                ledger.kept.add(identifier)
            else:
                ledger.refusals.append(repr(text))
    finally:
        client.shutdown()


CLIENTS: tuple[Client, ...] = (receive, receive, receive, submit, submit, append, append)


@contextlib.contextmanager
def load(served: Served, ledger: Ledger, seed: int) -> Iterator[None]:
    """Clients at work for as long as the context lasts; they come back when the server has gone."""
    ledger.is_over.clear()
    threads = [
        threading.Thread(target=_keep_on, args=(client, served, ledger, random.Random(f"{seed} {number}")))
        for number, client in enumerate(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ledger.is_over.set()
        for thread in threads:
            thread.join(4 * PATIENCE_SECONDS)
        assert not any(thread.is_alive() for thread in threads), "a client waits for an answer that does not come"


def _keep_on(client: Client, served: Served, ledger: Ledger, chance: random.Random) -> None:
    while not ledger.is_over.is_set():
        try:
            client(served, ledger, chance)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            if not _is_farewell(error):
                ledger.refusals.append(repr(error))
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error):
            pass                                       # it has died under us: that is what is tried
        time.sleep(0.02)


def _is_farewell(error: Exception) -> bool:
    """421: the server is closing (RFC 5321 3.8)."""
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code == 421


@contextlib.contextmanager
def closing(client: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """Close the socket without QUIT, whatever has happened."""
    try:
        yield client
    finally:
        client.close()
