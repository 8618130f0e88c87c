"""The one table in which accounts and aliases collide: every address that is ours, by its key, and who has it."""

from dataclasses import dataclass, replace
from typing import Final

from posthouse.database.identifiers import AccountId, DomainId
from posthouse.database.transaction import Transaction
from posthouse.directory.columns import text, whole
from posthouse.directory.domains import find_domain
from posthouse.directory.errors import AddressInUse, AddressTaken
from posthouse.message.address import Address, fold_local_part, parse_address, split_subaddress

STANDING_NAMES: Final = frozenset({"postmaster", "abuse"})
"""Local parts that every domain has (RFC 5321 4.5.1, RFC 2142 4), whether or not an account or alias bears them."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has an address: an account, or an alias (no account) whose targets stand under the key."""

    address_key: str    # under which it is held: without the +tag, unless the tagged address is held itself
    account_id: AccountId | None


def find_holder(tx: Transaction, address: Address) -> Holder | None:
    """Who has an address of ours; None when nobody has it or the domain is not ours.

    First the address as it is; then without its +tag; then, for `postmaster` and `abuse` of one of our domains, the
    account that stands in: the domain's oldest with the role postmaster, else its oldest of all.
    """
    return _held(tx, address.key) or _held_by_base(tx, address) or _stands_in(tx, address)


def base_address(address: Address) -> Address:
    """An address without its +tag."""
    base, tag = split_subaddress(address.local_part)
    return address if tag is None else replace(address, local_part=base)


def is_standing(address: Address) -> bool:
    """Whether the address is `postmaster` or `abuse` of its domain, with a +tag or without."""
    return fold_local_part(base_address(address).local_part) in STANDING_NAMES


def claim_address(tx: Transaction, address: Address, domain_id: DomainId, account_id: AccountId | None) -> None:
    """Give an address to an account, or to an alias (None). The caller has asked `require_free` before."""
    tx.execute(
        "INSERT INTO address (address_key, domain_id, account_id, address) VALUES (?, ?, ?, ?)",
        (address.key, domain_id, account_id, str(address)),
    )


def require_free(tx: Transaction, address: Address) -> None:
    """Raises AddressTaken when an account or an alias has an address with the same key."""
    row = tx.row("SELECT address, account_id FROM address WHERE address_key = ?", (address.key,))
    if row is not None:
        raise AddressTaken(str(address), f"{'alias' if row[1] is None else 'account'} {row[0]}")


def release_address(tx: Transaction, address: Address) -> list[str]:
    """Free an address, with its targets if it is an alias, and take it off the aliases that lead to it.

    Returns these aliases' keys. Raises AddressInUse when one of them would be left without a target.
    """
    key = address.key
    leading = aliases_leading_to(tx, key)
    left_empty = [alias for alias, targets in leading.items() if alias != key and not _others(tx, alias, targets)]
    if left_empty:
        raise AddressInUse(str(address), left_empty)
    for alias, targets in leading.items():
        for target in targets:
            tx.execute("DELETE FROM alias_target WHERE address_key = ? AND target = ?", (alias, target))
    tx.execute("DELETE FROM alias_target WHERE address_key = ?", (key,))
    tx.execute("DELETE FROM address WHERE address_key = ?", (key,))
    return sorted(leading)


def aliases_leading_to(tx: Transaction, address_key: str) -> dict[str, list[str]]:
    """The keys of the aliases that lead straight to an address of ours, each with the targets that do, as given.

    `address_key` is one under which an address is held: a target with a +tag leads there too.
    """
    leading: dict[str, list[str]] = {}
    local_part, _, domain_key = address_key.rpartition("@")
    base_key = f"{split_subaddress(local_part)[0]}@{domain_key}"
    rows = tx.rows(
        "SELECT address_key, target FROM alias_target WHERE target_key = ? ORDER BY address_key, target", (base_key,)
    )
    for alias, target in rows:
        holder = find_holder(tx, stored_address(target))
        if holder is not None and holder.address_key == address_key:
            leading.setdefault(text(alias), []).append(text(target))
    return leading


def stored_address(value: object) -> Address:
    """An address as it stands in a table: it was parsed before it was written."""
    return parse_address(text(value))


def _held(tx: Transaction, address_key: str) -> Holder | None:
    row = tx.row("SELECT account_id FROM address WHERE address_key = ?", (address_key,))
    if row is None:
        return None
    return Holder(address_key, None if row[0] is None else AccountId(whole(row[0])))


def _held_by_base(tx: Transaction, address: Address) -> Holder | None:
    base = base_address(address)
    return None if base is address else _held(tx, base.key)


def _stands_in(tx: Transaction, address: Address) -> Holder | None:
    if not is_standing(address):
        return None
    domain = find_domain(tx, address.domain.key)
    if domain is None:
        return None
    row = tx.row(
        "SELECT account_id FROM account WHERE domain_id = ? AND role = 'postmaster' ORDER BY account_id LIMIT 1",
        (domain.domain_id,),
    ) or tx.row("SELECT account_id FROM account WHERE domain_id = ? ORDER BY account_id LIMIT 1", (domain.domain_id,))
    return None if row is None else Holder(base_address(address).key, AccountId(whole(row[0])))


def _others(tx: Transaction, alias_key: str, targets: list[str]) -> bool:
    row = tx.row("SELECT count(*) FROM alias_target WHERE address_key = ?", (alias_key,))
    return row is not None and whole(row[0]) > len(targets)
