"""Where mail to an address goes: what RCPT asks, and what decides in whose name an account may write.

How aliases are followed stands in `expansion.py`. What is beyond one of its limits makes the whole address
undeliverable for now, so that no mail is split by a mistake of ours.
"""

from dataclasses import dataclass
from enum import Enum, auto

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
from posthouse.directory.expansion import ALIAS_DEPTH_MAX, EXPANSION_MAX, Expansion, LocalTarget, Overrun
from posthouse.message.address import Address, ForwardPath, PostmasterPath


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
    overrun = expansion.follow(path)
    if overrun is not None:
        return Resolution(Standing.TOO_DEEP if overrun is Overrun.DEPTH else Standing.TOO_WIDE)
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
