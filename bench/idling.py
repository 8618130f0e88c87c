"""What a session costs that waits for news (RFC 2177 IDLE), in the clear and over TLS."""

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bench.group import Group
from bench.imap_client import Imap
from bench.scale import Scale
from bench.table import Bar, Better, Judged, Row
from bench.turns import take_turns

_ACCOUNTS: Final = 10
_SETTLE_SECONDS: Final = 2.0
_PLAIN: Final = Bar(50, 10, Better.LESS, Judged.OURS)
_TLS: Final = Bar(100, 50, Better.LESS, Judged.OURS)


@dataclass(frozen=True, slots=True)
class Idlers:
    """A server whose sessions wait."""

    group: Group
    imap: int
    imaps: int
    account: Callable[[int], str]


def measure_idling(scale: Scale, ours: Idlers, dovecot: Idlers) -> Iterator[Row]:
    """KiB of memory a session, shared pages counted once. One round: memory that was used once is used again."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    for name, encryption, bar in (("plain", None, _PLAIN), ("TLS", trusting, _TLS)):
        theirs, mine = take_turns(
            1,
            lambda encryption=encryption: _memory(scale, dovecot, encryption),
            lambda encryption=encryption: _memory(scale, ours, encryption),
        )
        yield Row(f"an IDLE session, {name}", "KiB", mine, theirs, "Dovecot", bar)


def _memory(scale: Scale, server: Idlers, encryption: ssl.SSLContext | None) -> float:
    port = server.imaps if encryption else server.imap
    for number in range(_ACCOUNTS):                 # what the first session of an account loads is not the session's
        _idle(port, server.account(number), encryption).close()
    time.sleep(_SETTLE_SECONDS)
    before = server.group.memory_kib()
    clients = [_idle(port, server.account(number % _ACCOUNTS), encryption) for number in range(scale.idle_sessions)]
    time.sleep(_SETTLE_SECONDS)
    after = server.group.memory_kib()
    for client in clients:
        client.close()
    server.group.wait_until_quiet()
    return (after - before) / scale.idle_sessions


def _idle(port: int, account: str, encryption: ssl.SSLContext | None) -> Imap:
    client = Imap(port, encryption)
    client.login(account)
    client.command("SELECT INBOX")
    client.idle()
    return client
