"""Decision records: the facts and the reasons of one acceptance, kept beside what was done."""

import msgspec

from posthouse.database.identifiers import DecisionId
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant


class RecipientDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one forward-path. `accounts`: who got it; `elsewhere`: the addresses that were queued."""

    forward_path: str
    because: str
    accounts: tuple[int, ...] = ()
    elsewhere: tuple[str, ...] = ()


class DecisionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One acceptance: who brought it, over what, and what became of each recipient."""

    session: str
    door: str
    peer_ip: str
    ehlo_name: str
    tls: bool
    reverse_path: str
    size_octets: int
    recipients: tuple[RecipientDecision, ...]
    originator: str | None = None
    message_id: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DecisionRecord).decode


def record_decision(tx: Transaction, decision: DecisionRecord, at: Instant) -> DecisionId:
    """Keep a decision."""
    return DecisionId(
        tx.insert("INSERT INTO decision (at, kind, body) VALUES (?, 'accept', ?)", (at, _encode(decision)))
    )


def find_decision(tx: Transaction, decision_id: DecisionId) -> DecisionRecord | None:
    """A decision that was kept, or None."""
    found = tx.row("SELECT body FROM decision WHERE decision_id = ?", (decision_id,))
    return _decode(found[0]) if found else None
