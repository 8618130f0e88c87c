"""The domains whose mail ends here."""

from dataclasses import dataclass
from typing import Final

from posthouse.database.identifiers import DEFAULT_TENANT, DomainId, TenantId
from posthouse.database.transaction import Row, Transaction
from posthouse.directory.columns import text, whole
from posthouse.directory.errors import DomainInUse, DomainTaken, DomainUnfit, NoSuchDomain
from posthouse.directory.version import Occasion, record_change
from posthouse.message.address import Domain
from posthouse.message.dates import Instant

PAGE_ROWS: Final = 1_000    # DESIGN 5: a read brings at most 1,000 rows

_COLUMNS: Final = "domain_id, tenant_id, name, created_at"


@dataclass(frozen=True, slots=True)
class LocalDomain:
    """A domain of ours."""

    domain_id: DomainId
    tenant_id: TenantId
    domain: Domain
    created_at: Instant


def add_domain(tx: Transaction, domain: Domain, occasion: Occasion, tenant_id: TenantId = DEFAULT_TENANT) -> DomainId:
    """Take a domain in. `postmaster@` and `abuse@` of it work as soon as it has an account (`resolution.py`).

    Raises DomainTaken, DomainUnfit (an address literal names a machine, not a domain).
    """
    if domain.is_address_literal:
        raise DomainUnfit(f"{domain} is an address literal: give a domain name")
    if find_domain(tx, domain.key) is not None:
        raise DomainTaken(str(domain))
    domain_id = tx.insert(
        "INSERT INTO domain (tenant_id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
        (tenant_id, domain.text, domain.key, occasion.at),
    )
    record_change(tx, occasion, "domain-added", domain.key)
    return DomainId(domain_id)


def find_domain(tx: Transaction, domain_key: str) -> LocalDomain | None:
    """The domain with this `Domain.key`, or None when it is not ours."""
    row = tx.row(f"SELECT {_COLUMNS} FROM domain WHERE name_key = ?", (domain_key,))
    return None if row is None else _local_domain(row)


def require_domain(tx: Transaction, domain: Domain) -> LocalDomain:
    """A domain that must be ours. Raises NoSuchDomain."""
    found = find_domain(tx, domain.key)
    if found is None:
        raise NoSuchDomain(str(domain))
    return found


def first_domain(tx: Transaction) -> LocalDomain | None:
    """The oldest domain that still stands: this host's own, where a domain is needed and none is given."""
    row = tx.row(f"SELECT {_COLUMNS} FROM domain ORDER BY domain_id LIMIT 1")
    return None if row is None else _local_domain(row)


def list_domains(tx: Transaction, after: DomainId | None = None) -> list[LocalDomain]:
    """The next page of our domains, oldest first: at most PAGE_ROWS; fewer mean that it was the last."""
    return [
        _local_domain(row)
        for row in tx.rows(
            f"SELECT {_COLUMNS} FROM domain WHERE domain_id > ? ORDER BY domain_id LIMIT ?", (after or 0, PAGE_ROWS)
        )
    ]


def remove_domain(tx: Transaction, domain: Domain, occasion: Occasion) -> None:
    """Let a domain go. Raises NoSuchDomain, DomainInUse while accounts or aliases of it stand."""
    domain_id = require_domain(tx, domain).domain_id
    row = tx.row("SELECT count(account_id), count(*) FROM address WHERE domain_id = ?", (domain_id,))
    assert row is not None
    accounts, addresses = whole(row[0]), whole(row[1])
    if addresses:
        raise DomainInUse(str(domain), accounts, addresses - accounts)
    tx.execute("DELETE FROM domain WHERE domain_id = ?", (domain_id,))
    record_change(tx, occasion, "domain-removed", domain.key)


def _local_domain(row: Row) -> LocalDomain:
    domain_id, tenant_id, name, created_at = row
    return LocalDomain(
        DomainId(whole(domain_id)), TenantId(whole(tenant_id)), Domain(text(name)), Instant(whole(created_at))
    )
