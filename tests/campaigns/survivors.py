"""What is there after all: the INBOX and the queue, as clients and commands see them."""

import contextlib
import imaplib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from campaigns.load import ANY_CERTIFICATE, ELSEWHERE, HOST, Ledger
from interop.served import Served

_IDENTIFIER = re.compile(rb"Message-ID: *<(\w+)@load\.example>", re.IGNORECASE)
_ITEMS = "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
_SECONDS = 120.0
_PAGE = 500


class Mailed(Protocol):
    """A server that is served, and an account of it."""

    ports: dict[str, int]
    account: str
    password: str


class Survivors:
    """How often each message was found. A round reads only what came since the one before."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self._next_uid = 1

    def read_on(self, served: Mailed) -> None:
        """Take in what the INBOX holds from the next UID on."""
        with _inbox(served) as client:
            uidnext = int(client.response("UIDNEXT")[1][0])
            while self._next_uid < uidnext:
                last = min(self._next_uid + _PAGE, uidnext) - 1
                self.found.update(_identifiers(client.uid("FETCH", f"{self._next_uid}:{last}", _ITEMS)[1]))
                self._next_uid = last + 1

    def judge(self, ledger: Ledger) -> None:
        """Everything acknowledged is there exactly once, and nothing is there twice."""
        lost = sorted(ledger.kept - self.found.keys())
        doubled = sorted(identifier for identifier, times in self.found.items() if times > 1)
        assert not lost, f"{len(lost)} of {len(ledger.kept)} acknowledged messages are lost: {lost[:5]}"
        assert not doubled, f"{len(doubled)} messages are there more than once: {doubled[:5]}"
        assert not ledger.refusals, f"refused without need: {ledger.refusals[:3]}"


def judge_queue(served: Served, ledger: Ledger) -> None:
    """The same of what waits to go elsewhere."""
    listed = served.run("queue", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    waiting = Counter(
        recipient["forward_path"].removesuffix(f"@{ELSEWHERE}")
        for entry in json.loads(listed.stdout)
        for recipient in entry["recipients"]
    )
    lost = sorted(ledger.queued - waiting.keys())
    doubled = sorted(identifier for identifier, times in waiting.items() if times > 1)
    assert not lost, f"{len(lost)} of {len(ledger.queued)} acknowledged messages wait nowhere: {lost[:5]}"
    assert not doubled, f"{len(doubled)} messages wait more than once: {doubled[:5]}"


def inbox_identifiers(served: Mailed) -> list[str]:
    """The identifiers of a small INBOX, each as often as it is there."""
    with _inbox(served) as client:
        return list(_identifiers(client.uid("FETCH", "1:*", _ITEMS)[1]))


@contextlib.contextmanager
def _inbox(served: Mailed) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4_SSL(HOST, served.ports["imaps"], ssl_context=ANY_CERTIFICATE, timeout=_SECONDS) as client:
        client.login(served.account, served.password)
        client.select("INBOX", readonly=True)
        yield client


def _identifiers(parts: list[bytes | tuple[bytes, bytes]]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, tuple):
            found = _IDENTIFIER.search(part[1])
            if found is not None:
                yield found[1].decode()
