"""Aliases: an address of ours that stands for others, here or elsewhere."""

from dataclasses import dataclass
from typing import Final

from posthouse.database.identifiers import DomainId
from posthouse.database.transaction import Transaction
from posthouse.directory.addresses import (
    base_address,
    claim_address,
    release_address,
    require_free,
    stored_address,
)
from posthouse.directory.domains import PAGE_ROWS, find_domain, require_domain
from posthouse.directory.errors import (
    AliasLoop,
    AliasTooDeep,
    AliasTooWide,
    AliasWithoutTarget,
    NoSuchAlias,
    NoSuchTarget,
)
from posthouse.directory.expansion import ALIAS_DEPTH_MAX, EXPANSION_MAX, Expansion, Overrun, ProposedAlias
from posthouse.directory.version import Occasion, record_change
from posthouse.message.address import Address, Domain

_TARGETS_SHOWN: Final = 20    # in an audit row


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias and what it stands for, as given, in the order of their texts."""

    address: Address
    targets: tuple[Address, ...]


def add_alias(tx: Transaction, address: Address, targets: tuple[Address, ...], occasion: Occasion) -> None:
    """Let an address of ours stand for others. A target in a domain of ours must be somebody's already.

    Raises NoSuchDomain, AddressTaken, AliasWithoutTarget, NoSuchTarget, AliasLoop, AliasTooDeep, AliasTooWide.
    """
    domain_id = require_domain(tx, address.domain).domain_id
    require_free(tx, address)
    distinct = _distinct(tx, targets)
    _require_sound(tx, address, distinct)
    claim_address(tx, address, domain_id, None)
    for target in distinct:
        tx.execute(
            "INSERT INTO alias_target (address_key, target, target_key) VALUES (?, ?, ?)",
            (address.key, str(target), base_address(target).key),
        )
    shown = [str(target) for target in distinct[:_TARGETS_SHOWN]]
    record_change(tx, occasion, "alias-added", address.key, {"targets": shown, "targets_in_all": len(distinct)})


def show_alias(tx: Transaction, address: Address) -> Alias:
    """An alias with its targets. Raises NoSuchAlias."""
    row = tx.row("SELECT address FROM address WHERE address_key = ? AND account_id IS NULL", (address.key,))
    if row is None:
        raise NoSuchAlias(str(address))
    return _with_targets(tx, stored_address(row[0]))


def list_aliases(tx: Transaction, domain: Domain | None = None, after: Address | None = None) -> list[Alias]:
    """The next page of the aliases of a domain, or of all, by key: at most PAGE_ROWS; fewer mean that it was the last.

    Raises NoSuchDomain.
    """
    where: str = "account_id IS NULL AND address_key > ?"
    parameters: list[str | DomainId] = ["" if after is None else after.key]
    if domain is not None:
        where += " AND domain_id = ?"
        parameters.append(require_domain(tx, domain).domain_id)
    rows = tx.rows(
        f"SELECT address FROM address WHERE {where} ORDER BY address_key LIMIT ?", (*parameters, PAGE_ROWS)
    )
    return [_with_targets(tx, stored_address(address)) for (address,) in rows]


def remove_alias(tx: Transaction, address: Address, occasion: Occasion) -> None:
    """Take an alias away, and off other aliases that name it.

    Raises NoSuchAlias, AddressInUse when another alias would be left without a target.
    """
    show_alias(tx, address)
    aliases = release_address(tx, address)
    record_change(tx, occasion, "alias-removed", address.key, {"taken_off_aliases": aliases})


def _with_targets(tx: Transaction, address: Address) -> Alias:
    rows = tx.rows("SELECT target FROM alias_target WHERE address_key = ? ORDER BY target", (address.key,))
    return Alias(address, tuple(stored_address(target) for (target,) in rows))


def _distinct(tx: Transaction, targets: tuple[Address, ...]) -> tuple[Address, ...]:
    """Each target once, in the order given: ours compare by key, others octet for octet but for the domain."""
    by_key: dict[str, Address] = {}
    for target in targets:
        is_ours = find_domain(tx, target.domain.key) is not None
        by_key.setdefault(target.key if is_ours else f"{target.local_part}@{target.domain.key}", target)
    return tuple(by_key.values())


def _require_sound(tx: Transaction, address: Address, targets: tuple[Address, ...]) -> None:
    """Follow the alias as if it stood already."""
    if not targets:
        raise AliasWithoutTarget(f"the alias {address} needs at least one target")
    if len(targets) > EXPANSION_MAX:
        raise AliasTooWide(f"the alias {address} would have {len(targets)} targets: {EXPANSION_MAX} are allowed")
    expansion = Expansion(tx, ProposedAlias(address.key, targets))
    overrun = expansion.follow(address)
    if address.key in expansion.repeated:
        raise AliasLoop(f"the alias {address} would lead back to itself: leave out what leads there")
    for target in targets:
        if target in expansion.dead_ends:
            raise NoSuchTarget(str(target))
    if overrun is Overrun.DEPTH:
        raise AliasTooDeep(f"the alias {address} would lead through more than {ALIAS_DEPTH_MAX} others, one by one")
    if overrun is Overrun.WIDTH:
        raise AliasTooWide(f"the alias {address} would lead to more than {EXPANSION_MAX} addresses")
