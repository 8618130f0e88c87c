"""Following an alias through other aliases, until accounts and addresses elsewhere are reached.

Nobody is reached twice, whatever number of ways lead there, so a loop does no harm. Depth and width have limits.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.directory.addresses import Holder, base_address, find_holder, stored_address
from posthouse.directory.domains import find_domain
from posthouse.message.address import Address

ALIAS_DEPTH_MAX: Final = 10    # as Sendmail's MaxAliasRecursion: deeper is a mistake, not an organisation
EXPANSION_MAX: Final = 1_000    # as Postfix's virtual_alias_expansion_limit; one acceptance holds as many recipients


class Overrun(Enum):
    """Which limit ended the following of an address."""

    DEPTH = auto()    # more than ALIAS_DEPTH_MAX aliases, one behind the other
    WIDTH = auto()    # more than EXPANSION_MAX addresses, aliases on the way included


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """An account that gets the mail, and the address as it was delivered to (with its +tag, for Delivered-To)."""

    account_id: AccountId
    delivered_to: Address


@dataclass(frozen=True, slots=True)
class ProposedAlias:
    """An alias that does not stand yet, followed as if it did."""

    address_key: str
    targets: tuple[Address, ...]


class Expansion:
    """What one address leads to, gathered level by level."""

    __slots__ = ("_entered", "_proposed", "_tx", "dead_ends", "local", "remote", "repeated")

    def __init__(self, tx: Transaction, proposed: ProposedAlias | None = None) -> None:
        self._tx = tx
        self._proposed = proposed
        self._entered: set[str] = set()        # keys of aliases that were followed
        self.local: dict[AccountId, LocalTarget] = {}
        self.remote: dict[tuple[str, str], Address] = {}    # by local part as it is, and the domain's key
        self.repeated: set[str] = set()        # keys of aliases that were met again
        self.dead_ends: list[Address] = []     # in a domain of ours, but nobody's

    def follow(self, address: Address) -> Overrun | None:
        """Gather what the address leads to, or say which limit ended it before."""
        level = [address]
        for _ in range(ALIAS_DEPTH_MAX + 1):
            level = [target for each in level for target in self._step(each)]
            if not level:
                return None
            if len(level) + len(self._entered) + len(self.local) + len(self.remote) > EXPANSION_MAX + 1:
                return Overrun.WIDTH
        return Overrun.DEPTH

    def _step(self, address: Address) -> tuple[Address, ...]:
        """Note where an address ends, or return what its alias names."""
        holder = self._holder(address)
        if holder is None:
            self._note_unheld(address)
            return ()
        if holder.account_id is not None:
            self.local.setdefault(holder.account_id, LocalTarget(holder.account_id, address))
            return ()
        if holder.address_key in self._entered:
            self.repeated.add(holder.address_key)
            return ()
        self._entered.add(holder.address_key)
        return self._targets(holder.address_key)

    def _holder(self, address: Address) -> Holder | None:
        """Who has the address, or will have it once the proposed alias stands: exactly, or as its base."""
        proposed = self._proposed
        if proposed is not None and proposed.address_key == address.key:
            return Holder(proposed.address_key, None)
        holder = find_holder(self._tx, address)
        is_exact = holder is not None and holder.address_key == address.key
        if proposed is not None and not is_exact and proposed.address_key == base_address(address).key:
            return Holder(proposed.address_key, None)
        return holder

    def _targets(self, alias_key: str) -> tuple[Address, ...]:
        if self._proposed is not None and self._proposed.address_key == alias_key:
            return self._proposed.targets
        rows = self._tx.rows("SELECT target FROM alias_target WHERE address_key = ? ORDER BY target", (alias_key,))
        return tuple(stored_address(target) for (target,) in rows)

    def _note_unheld(self, address: Address) -> None:
        if find_domain(self._tx, address.domain.key) is None:
            self.remote.setdefault((address.local_part, address.domain.key), address)
        else:
            self.dead_ends.append(address)
