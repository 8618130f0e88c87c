"""IMAP and POP3 beside Dovecot 2.3 with sdbox: one INBOX of 10,000 messages, the same on both."""

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.imap_client import Imap, append_side_by_side
from bench.mail import message
from bench.pop3_client import retrieve
from bench.scale import Scale
from bench.table import Bar, Row
from bench.turns import take_turns

_APPENDED: Final = 10_000_000     # numbers of messages that no mailbox holds yet
_DISTINCT: Final = 500
_CLIENTS: Final = 10
_FILL_WINDOW: Final = 8
_SELECTS: Final = 10              # one takes less than the clock's noise
_SHOWN_FIELDS: Final = (
    "From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type"
)
_STRUCTURES: Final = "(UID ENVELOPE BODYSTRUCTURE)"
_SINGLE: Final = Bar(1, 2)

Work = Callable[["Mailboxes", Scale], float]
"""Does its work once, on a connection of its own; what it gives is a rate, a second."""


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """A server that mail is read from."""

    name: str
    imap: int
    pop3: int
    account: str

    def connected(self) -> Imap:
        """A connection that has logged in."""
        client = Imap(self.imap)
        client.login(self.account)
        return client

    def selected(self) -> Imap:
        """The same, with the INBOX selected."""
        client = self.connected()
        client.command("SELECT INBOX")
        return client


def fill(server: Mailboxes, scale: Scale) -> None:
    """Put the messages into its INBOX by APPEND, two of three seen."""
    with server.connected() as client:
        for start in range(0, scale.mailbox_messages, _FILL_WINDOW):
            numbers = range(start, min(start + _FILL_WINDOW, scale.mailbox_messages))
            client.append_all("INBOX", [(r"\Seen" if number % 3 else "", message(number)) for number in numbers])
        for mailbox in ("Appended", *_mailboxes_of_clients()):
            client.command(f'CREATE "{mailbox}"')


def measure_reading(scale: Scale, ours: Mailboxes, dovecot: Mailboxes) -> Iterator[Row]:
    """Each kind of work on each server in turn; once before the first round, so that both have what they keep."""
    for work, do, bar in _works():
        for server in (dovecot, ours):
            do(server, scale)
        theirs, mine = take_turns(scale.rounds, partial(do, dovecot, scale), partial(do, ours, scale))
        yield Row(work, "a second", mine, theirs, "Dovecot", bar)


def _works() -> tuple[tuple[str, Work, Bar], ...]:
    """Issue 4, "Speed, in one run with the peers": the work, its floor and aim."""
    return (
        ("IMAP SELECT", _select, _SINGLE),
        ("IMAP LOGIN and SELECT on a new connection", _login_and_select, _SINGLE),
        ("IMAP FETCH 1:* (FLAGS UID)", partial(_fetch, "(FLAGS UID)"), _SINGLE),
        ("IMAP headers of a mail program", partial(_fetch, _headers()), _SINGLE),
        ("IMAP one body", _one_body, _SINGLE),
        ("IMAP 1,000 bodies", _bodies, _SINGLE),
        ("IMAP STORE 1:*", _store, _SINGLE),
        ("IMAP ENVELOPE BODYSTRUCTURE, warm", partial(_fetch, _STRUCTURES), Bar(2, 6)),
        ("IMAP APPEND, 1 client", _append, Bar(1.2, 2.5)),
        ("IMAP APPEND, 10 clients", _append_by_ten, Bar(1.2, 2.5)),
        ("POP3 RETR, one session", _retrieve, Bar(1, 1.5)),
    )  # fmt: skip


def _headers() -> str:
    return f"(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS ({_SHOWN_FIELDS})])"


def _mailboxes_of_clients() -> list[str]:
    return [f"Appended{number}" for number in range(_CLIENTS)]


def _timed(client: Imap, command: str, fetched: int) -> float:
    """Seconds of one command that answers with at least so many messages."""
    begun = time.perf_counter()
    chunks = client.command(command)
    seconds = time.perf_counter() - begun
    found = b"".join(chunks).count(b" FETCH (")
    if found < fetched:
        sys.exit(f"IMAP: {command[:40]} answered {found} messages of {fetched}")
    return seconds


def _select(server: Mailboxes, scale: Scale) -> float:
    seconds = 0.0
    for _ in range(_SELECTS):
        with server.connected() as client:
            seconds += _timed(client, "SELECT INBOX", 0)
    return _SELECTS / seconds


def _login_and_select(server: Mailboxes, scale: Scale) -> float:
    seconds = 0.0
    for _ in range(_SELECTS):
        begun = time.perf_counter()
        with server.selected():
            seconds += time.perf_counter() - begun
    return _SELECTS / seconds


def _fetch(items: str, server: Mailboxes, scale: Scale) -> float:
    with server.selected() as client:
        return scale.mailbox_messages / _timed(client, f"FETCH 1:* {items}", scale.mailbox_messages)


def _one_body(server: Mailboxes, scale: Scale) -> float:
    chance = random.Random(5)
    numbers = [chance.randint(1, scale.mailbox_messages) for _ in range(scale.body_fetches)]
    with server.selected() as client:
        begun = time.perf_counter()
        for number in numbers:
            client.command(f"FETCH {number} (BODY.PEEK[])")
        return len(numbers) / (time.perf_counter() - begun)


def _bodies(server: Mailboxes, scale: Scale) -> float:
    with server.selected() as client:
        return scale.bodies / _timed(client, f"FETCH 1:{scale.bodies} (BODY.PEEK[])", scale.bodies)


def _store(server: Mailboxes, scale: Scale) -> float:
    """Set a flag on all, and take it off again: both speak 10,000 responses and change 10,000 messages."""
    with server.selected() as client:
        seconds = [_timed(client, rf"STORE 1:* {sign}FLAGS (\Flagged)", scale.mailbox_messages) for sign in "+-"]
    return 2 * scale.mailbox_messages / sum(seconds)


def _append(server: Mailboxes, scale: Scale) -> float:
    messages = [message(_APPENDED + number % _DISTINCT) for number in range(scale.appends)]
    with server.connected() as client:
        begun = time.perf_counter()
        for octets in messages:
            client.append("Appended", octets)
        return len(messages) / (time.perf_counter() - begun)


def _append_by_ten(server: Mailboxes, scale: Scale) -> float:
    messages = [
        [message(_APPENDED + (client * 50 + number) % _DISTINCT) for number in range(scale.appends_each)]
        for client in range(_CLIENTS)
    ]
    clients = [server.connected() for _ in range(_CLIENTS)]
    begun = time.perf_counter()
    append_side_by_side(clients, _mailboxes_of_clients(), messages)
    seconds = time.perf_counter() - begun
    for client in clients:
        client.close()
    return _CLIENTS * scale.appends_each / seconds


def _retrieve(server: Mailboxes, scale: Scale) -> float:
    return retrieve(server.pop3, server.account, scale.retrieved)
