"""Where mail to an address goes: what RCPT asks, and what decides in whose name an account may write.

An alias is followed through other aliases until accounts and addresses elsewhere are reached. Nobody is reached
twice; what is beyond a limit makes the whole address undeliverable for now, so that no mail is split by a mistake.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.directory.addresses import (
    STANDING_NAMES,
    aliases_leading_to,
    find_holder,
    is_standing,
    stored_address,
)
from posthouse.directory.domains import find_domain, first_domain
from posthouse.directory.errors import NoSuchAccount
from posthouse.directory.version import text
from posthouse.message.address import Address, ForwardPath, PostmasterPath, parse_address

ALIAS_DEPTH_MAX: Final = 10    # as Sendmail's MaxAliasRecursion: deeper is a mistake, not an organisation
EXPANSION_MAX: Final = 1_000    # as Postfix's virtual_alias_expansion_limit; one acceptance holds as many recipients


class Standing(Enum):
    """What an address is to us."""

    DELIVERABLE = auto()    # it leads to at least one account or address elsewhere
    UNKNOWN = auto()        # in a domain of ours, but nobody has it, or its alias leads to nobody any more
    FOREIGN = auto()        # in somebody else's domain; `remote` is the address itself
    UNATTENDED = auto()     # postmaster or abuse of a domain that has no account yet
    LOOPING = auto()        # its alias leads back to itself and nowhere else
    TOO_DEEP = auto()       # its alias leads through more than ALIAS_DEPTH_MAX others
    TOO_WIDE = auto()       # its alias leads to more than EXPANSION_MAX addresses


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """An account that gets the mail, and the address as it was delivered to (with its +tag, for Delivered-To)."""

    account_id: AccountId
    delivered_to: Address


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where mail to one address goes. Each account stands once, whatever number of ways lead to it."""

    standing: Standing
    local: tuple[LocalTarget, ...] = ()
    remote: tuple[Address, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether the address is ours; it may still be undeliverable for now, for a mistake of ours."""
        return self.standing is not Standing.UNKNOWN and self.standing is not Standing.FOREIGN

    @property
    def domain_is_ours(self) -> bool:
        return self.standing is not Standing.FOREIGN

    def delivers_to(self, account_id: AccountId) -> bool:
        """Whether mail to the address comes to this account, alone or among others."""
        return any(target.account_id == account_id for target in self.local)


def resolve(tx: Transaction, path: ForwardPath) -> Resolution:
    """Say where mail to a forward-path goes. Never raises for what stands in the directory: see `Standing`.

    `Postmaster` without a domain is our oldest domain's (RFC 5321 4.5.1).
    """
    if isinstance(path, PostmasterPath):
        host = first_domain(tx)
        if host is None:
            return Resolution(Standing.UNATTENDED)
        path = Address("postmaster", host.domain)
    elif find_domain(tx, path.domain.key) is None:
        return Resolution(Standing.FOREIGN, remote=(path,))
    expansion = Expansion(tx)
    fault = expansion.follow(path)
    if fault is not None:
        return Resolution(fault)
    if expansion.local or expansion.remote:
        return Resolution(Standing.DELIVERABLE, tuple(expansion.local.values()), tuple(expansion.remote.values()))
    if expansion.repeated:
        return Resolution(Standing.LOOPING)
    return Resolution(Standing.UNATTENDED if is_standing(path) else Standing.UNKNOWN)


def addresses_of(tx: Transaction, account_id: AccountId) -> frozenset[str]:
    """The keys of the addresses whose mail comes to an account: its own, `postmaster` and `abuse` where it stands in,
    and the aliases that lead to it, however far. +tagged forms of each are the account's too and are not listed.

    Whether one address is among them is asked more cheaply of `resolve` (`Resolution.delivers_to`).
    Raises NoSuchAccount.
    """
    row = tx.row("SELECT address FROM account WHERE account_id = ?", (account_id,))
    if row is None:
        raise NoSuchAccount(f"number {account_id}")
    own = stored_address(row[0])
    found = {own.key}
    for name in STANDING_NAMES:
        holder = find_holder(tx, Address(name, own.domain))
        if holder is not None and holder.account_id == account_id:
            found.add(holder.address_key)
    level = found
    for _ in range(ALIAS_DEPTH_MAX):
        level = {alias for key in level for alias in aliases_leading_to(tx, key)} - found
        found = found | level
        if not level or len(found) > EXPANSION_MAX:
            break
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class ProposedAlias:
    """An alias that does not stand yet, followed as if it did."""

    address_key: str
    targets: tuple[Address, ...]


class Expansion:
    """Following an address through aliases, level by level. Reached accounts and addresses elsewhere are gathered."""

    __slots__ = ("_proposed", "_seen", "_tx", "dead_ends", "local", "remote", "repeated")

    def __init__(self, tx: Transaction, proposed: ProposedAlias | None = None) -> None:
        self._tx = tx
        self._proposed = proposed
        self._seen: set[str] = set()
        self.local: dict[AccountId, LocalTarget] = {}
        self.remote: dict[tuple[str, str], Address] = {}
        self.repeated: set[str] = set()        # keys of aliases that were met again
        self.dead_ends: list[Address] = []     # in a domain of ours, but nobody's

    def follow(self, address: Address) -> Standing | None:
        """Gather what the address leads to; TOO_DEEP or TOO_WIDE when a limit ends it before."""
        level: Iterable[Address] = (address,)
        for _ in range(ALIAS_DEPTH_MAX + 1):
            level = [target for each in level for target in self._step(each)]
            if not level:
                return None
            if len(level) + len(self._seen) + len(self.local) + len(self.remote) > EXPANSION_MAX:
                return Standing.TOO_WIDE
        return Standing.TOO_DEEP

    def _step(self, address: Address) -> tuple[Address, ...]:
        """Note where an address ends, or return what its alias names."""
        proposed = self._proposed
        if proposed is not None and address.key == proposed.address_key:
            return self._enter(proposed.address_key, proposed.targets)
        holder = find_holder(self._tx, address)
        if holder is None:
            self._note_no_holder(address)
            return ()
        if holder.account_id is not None:
            self.local.setdefault(holder.account_id, LocalTarget(holder.account_id, address))
            return ()
        return self._enter(holder.address_key, self._targets(holder.address_key))

    def _enter(self, alias_key: str, targets: tuple[Address, ...]) -> tuple[Address, ...]:
        if alias_key in self._seen:
            self.repeated.add(alias_key)
            return ()
        self._seen.add(alias_key)
        return targets

    def _targets(self, alias_key: str) -> tuple[Address, ...]:
        rows = self._tx.rows("SELECT target FROM alias_target WHERE address_key = ? ORDER BY target", (alias_key,))
        return tuple(parse_address(text(target)) for (target,) in rows)

    def _note_no_holder(self, address: Address) -> None:
        if find_domain(self._tx, address.domain.key) is None:
            self.remote.setdefault((address.local_part, address.domain.key), address)
        else:
            self.dead_ends.append(address)
