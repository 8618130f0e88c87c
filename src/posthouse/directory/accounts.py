"""Accounts: whoever can log in and has mail kept here.

An account's mailboxes are the store's: whoever adds an account makes them in the same transaction.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from posthouse.database.identifiers import AccountId, DomainId, TenantId
from posthouse.database.transaction import Row, Transaction
from posthouse.directory.addresses import claim_address, release_address, require_free, stored_address
from posthouse.directory.columns import whole
from posthouse.directory.domains import PAGE_ROWS, require_domain
from posthouse.directory.errors import NoSuchAccount
from posthouse.directory.version import LOGINS_TOPIC, Occasion, record_change
from posthouse.message.address import Address, Domain
from posthouse.message.dates import Instant

_COLUMNS: Final = (
    "account.account_id, account.tenant_id, account.domain_id, account.address, account.role,"
    " account.password_hash IS NOT NULL, account.created_at"
)


class Role(Enum):
    """What an account may do besides having mail."""

    USER = "user"
    DOMAIN_ADMINISTRATOR = "domain-administrator"
    POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True)
class Account:
    """One account. Its credentials are elsewhere (`credentials.py`): nothing here is secret."""

    account_id: AccountId
    tenant_id: TenantId
    domain_id: DomainId
    address: Address
    role: Role
    has_password: bool    # without one only application passwords log in
    created_at: Instant


def add_account(
    tx: Transaction, address: Address, password_hash: str | None, role: Role, occasion: Occasion
) -> AccountId:
    """Make an account. `password_hash` is argon2id's text, or None: then only application passwords log in.

    Its mailboxes are made by the caller, in this transaction. Raises NoSuchDomain, AddressTaken.
    """
    domain = require_domain(tx, address.domain)
    require_free(tx, address)
    account_id = AccountId(tx.insert(
        "INSERT INTO account (tenant_id, domain_id, address, role, password_hash, credential_version, created_at)"
        " VALUES (?, ?, ?, ?, ?, 1, ?)",
        (domain.tenant_id, domain.domain_id, str(address), role.value, password_hash, occasion.at),
    ))
    claim_address(tx, address, domain.domain_id, account_id)
    record_change(tx, occasion, "account-added", address.key, {"account_id": account_id, "role": role.value})
    return account_id


def find_account(tx: Transaction, address: Address) -> Account | None:
    """The account whose own address this is; an alias or a +tag leads nowhere here."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM address JOIN account ON account.account_id = address.account_id"
        " WHERE address.address_key = ?",
        (address.key,),
    )
    return None if row is None else _account(row)


def show_account(tx: Transaction, address: Address) -> Account:
    """The account whose own address this is. Raises NoSuchAccount."""
    found = find_account(tx, address)
    if found is None:
        raise NoSuchAccount(str(address))
    return found


def account_by_id(tx: Transaction, account_id: AccountId) -> Account:
    """The account with this number. Raises NoSuchAccount: a session can outlive its account."""
    row = tx.row(f"SELECT {_COLUMNS} FROM account WHERE account_id = ?", (account_id,))
    if row is None:
        raise NoSuchAccount(f"number {account_id}")
    return _account(row)


def list_accounts(tx: Transaction, domain: Domain | None = None, after: AccountId | None = None) -> list[Account]:
    """The next page of the accounts of a domain, or of all, oldest first: at most PAGE_ROWS; fewer mean the last.

    Raises NoSuchDomain.
    """
    where, parameters = "account_id > ?", [after or 0]
    if domain is not None:
        where += " AND domain_id = ?"
        parameters.append(require_domain(tx, domain).domain_id)
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM account WHERE {where} ORDER BY account_id LIMIT ?", (*parameters, PAGE_ROWS)
    )
    return [_account(row) for row in rows]


def remove_account(tx: Transaction, address: Address, occasion: Occasion) -> AccountId:
    """Take an account and its credentials away, and its address off the aliases that name it.

    Its mail is the store's: the caller erases it in this transaction. The number is never used again.
    Raises NoSuchAccount, AddressInUse when an alias would be left without a target.
    """
    account_id = show_account(tx, address).account_id
    aliases = release_address(tx, address)
    tx.execute("DELETE FROM application_password WHERE account_id = ?", (account_id,))
    tx.execute("DELETE FROM account WHERE account_id = ?", (account_id,))
    tx.announce((LOGINS_TOPIC, account_id))
    record_change(
        tx, occasion, "account-removed", address.key, {"account_id": account_id, "taken_off_aliases": aliases}
    )
    return account_id


def _account(row: Row) -> Account:
    account_id, tenant_id, domain_id, address, role, has_password, created_at = row
    return Account(
        AccountId(whole(account_id)),
        TenantId(whole(tenant_id)),
        DomainId(whole(domain_id)),
        stored_address(address),
        Role(role),
        bool(has_password),
        Instant(whole(created_at)),
    )
