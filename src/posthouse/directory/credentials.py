"""What proves an account's identity, as it is kept: hashes only. Plain passwords and argon2 are `login`'s.

`credential_version` is raised whenever something that used to prove the identity no longer does, so that a cache of
verified logins which remembers it can never let an old password in.
"""

from dataclasses import dataclass, field
from typing import Final, NewType

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Account, account_by_id
from posthouse.directory.addresses import stored_address
from posthouse.directory.columns import text, whole
from posthouse.directory.errors import (
    LabelTaken,
    LabelUnfit,
    NoSuchAccount,
    NoSuchApplicationPassword,
    TooManyApplicationPasswords,
)
from posthouse.directory.version import LOGINS_TOPIC, Occasion, record_change
from posthouse.message.address import Address
from posthouse.message.dates import Instant

ApplicationPasswordId = NewType("ApplicationPasswordId", int)
CredentialVersion = NewType("CredentialVersion", int)

APPLICATION_PASSWORDS_MAX: Final = 100    # an account's: one a program and device, with room
LABEL_CHARACTERS_MAX: Final = 100    # a line of a listing


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """What a login of an account is checked against."""

    account_id: AccountId
    address: Address
    password_hash: str | None = field(repr=False)    # argon2id's text; None: only application passwords log in
    credential_version: CredentialVersion


@dataclass(frozen=True, slots=True)
class ApplicationPassword:
    """A random password for one program; what it hashes to stays in the table."""

    application_password_id: ApplicationPasswordId
    label: str
    created_at: Instant


def credentials_of(tx: Transaction, address_key: str) -> StoredCredentials | None:
    """What the account with this own address (`Address.key`) is checked against; None when there is none."""
    row = tx.row(
        "SELECT account.account_id, account.address, account.password_hash, account.credential_version"
        " FROM address JOIN account ON account.account_id = address.account_id WHERE address.address_key = ?",
        (address_key,),
    )
    if row is None:
        return None
    account_id, address, password_hash, credential_version = row
    return StoredCredentials(
        AccountId(whole(account_id)),
        stored_address(address),
        None if password_hash is None else text(password_hash),
        CredentialVersion(whole(credential_version)),
    )


def credential_version(tx: Transaction, account_id: AccountId) -> CredentialVersion:
    """The version that a cached login must have to be good still. Raises NoSuchAccount."""
    row = tx.row("SELECT credential_version FROM account WHERE account_id = ?", (account_id,))
    if row is None:
        raise NoSuchAccount(f"number {account_id}")
    return CredentialVersion(whole(row[0]))


def set_password(tx: Transaction, account_id: AccountId, password_hash: str | None, occasion: Occasion) -> None:
    """Replace the password by another hash, or by none. Raises NoSuchAccount."""
    account = account_by_id(tx, account_id)
    tx.execute("UPDATE account SET password_hash = ? WHERE account_id = ?", (password_hash, account_id))
    _outdate_logins(tx, account_id)
    action = "password-removed" if password_hash is None else "password-set"
    record_change(tx, occasion, action, account.address.key)


def rehash_password(tx: Transaction, account_id: AccountId, old_hash: str, new_hash: str) -> None:
    """Keep the same password under newer parameters, unless it has been changed meanwhile.

    Nothing else changes: nobody is logged out, and the directory's version stays.
    """
    tx.execute(
        "UPDATE account SET password_hash = ? WHERE account_id = ? AND password_hash = ?",
        (new_hash, account_id, old_hash),
    )


def add_application_password(
    tx: Transaction, account_id: AccountId, label: str, sha256: bytes, occasion: Occasion
) -> ApplicationPasswordId:
    """Let an account log in with one more password, known by the SHA-256 of it (it is random: no salt is needed).

    Raises NoSuchAccount, LabelTaken, LabelUnfit, TooManyApplicationPasswords.
    """
    account = account_by_id(tx, account_id)
    _require_fit_label(tx, account, label)
    added = tx.insert(
        "INSERT INTO application_password (account_id, label, sha256, created_at) VALUES (?, ?, ?, ?)",
        (account_id, label, sha256, occasion.at),
    )
    record_change(tx, occasion, "application-password-added", account.address.key, {"label": label})
    return ApplicationPasswordId(added)


def list_application_passwords(tx: Transaction, account_id: AccountId) -> list[ApplicationPassword]:
    """An account's application passwords, oldest first."""
    return [
        ApplicationPassword(ApplicationPasswordId(whole(number)), text(label), Instant(whole(at)))
        for number, label, at in tx.rows(
            "SELECT application_password_id, label, created_at FROM application_password WHERE account_id = ?"
            " ORDER BY application_password_id",
            (account_id,),
        )
    ]


def find_application_password(tx: Transaction, account_id: AccountId, sha256: bytes) -> ApplicationPassword | None:
    """The application password of this account that hashes to `sha256`. Another account's is none."""
    row = tx.row(
        "SELECT application_password_id, label, created_at FROM application_password"
        " WHERE sha256 = ? AND account_id = ?",
        (sha256, account_id),
    )
    if row is None:
        return None
    return ApplicationPassword(ApplicationPasswordId(whole(row[0])), text(row[1]), Instant(whole(row[2])))


def remove_application_password(tx: Transaction, account_id: AccountId, label: str, occasion: Occasion) -> None:
    """Let an application password be good no more. Raises NoSuchAccount, NoSuchApplicationPassword."""
    account = account_by_id(tx, account_id)
    if label not in {known.label for known in list_application_passwords(tx, account_id)}:
        raise NoSuchApplicationPassword(label)
    tx.execute("DELETE FROM application_password WHERE account_id = ? AND label = ?", (account_id, label))
    _outdate_logins(tx, account_id)
    record_change(tx, occasion, "application-password-removed", account.address.key, {"label": label})


def _outdate_logins(tx: Transaction, account_id: AccountId) -> None:
    tx.execute("UPDATE account SET credential_version = credential_version + 1 WHERE account_id = ?", (account_id,))
    tx.announce((LOGINS_TOPIC, account_id))


def _require_fit_label(tx: Transaction, account: Account, label: str) -> None:
    if not label.strip() or len(label) > LABEL_CHARACTERS_MAX or not label.isprintable():
        raise LabelUnfit(f"a label is a short line of at most {LABEL_CHARACTERS_MAX} characters")
    known = list_application_passwords(tx, account.account_id)
    if any(password.label == label for password in known):
        raise LabelTaken(label)
    if len(known) >= APPLICATION_PASSWORDS_MAX:
        raise TooManyApplicationPasswords(
            f"{account.address} has {len(known)} application passwords: remove those that nobody uses"
        )
