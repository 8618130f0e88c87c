"""The directory's version, and the one place that every change passes through.

Whoever planned on what the directory said compares the version later; caches are told by `DIRECTORY_TOPIC`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType

import msgspec

from posthouse.database.transaction import Transaction
from posthouse.directory.columns import whole
from posthouse.message.dates import Instant

DIRECTORY_TOPIC: Final = "directory"
"""What a changing transaction announces, and listeners of the database hear after its COMMIT."""

LOGINS_TOPIC: Final = "logins"
"""A transaction that makes an account's logins worthless announces `(LOGINS_TOPIC, account_id)`: its sessions end."""

DirectoryVersion = NewType("DirectoryVersion", int)

Facts = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a change was asked for, and by whom: an account's address, or a command such as "cli" or "dev"."""

    at: Instant
    actor: str


def version(tx: Transaction) -> DirectoryVersion:
    """A number that is higher after every change of the directory."""
    row = tx.row("SELECT version FROM directory_version")
    assert row is not None, "the first migration makes the row"
    return DirectoryVersion(whole(row[0]))


def record_change(tx: Transaction, occasion: Occasion, action: str, subject: str, facts: Facts | None = None) -> None:
    """Note a change that the same transaction makes: raise the version, announce it, add a row to the audit.

    `action` is named object-verb ("account-added"), `subject` the address or domain it was done to. `facts` go into
    the row as JSON; secrets and what can be turned into one (hashes) may never be among them.
    """
    tx.execute("UPDATE directory_version SET version = version + 1")
    tx.announce(DIRECTORY_TOPIC)
    tx.execute(
        "INSERT INTO audit (at, actor, action, subject, body) VALUES (?, ?, ?, ?, ?)",
        (occasion.at, occasion.actor, action, subject, msgspec.json.encode(facts or {})),
    )
