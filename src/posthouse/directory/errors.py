"""What the directory refuses, without a word of any protocol. Each text says what to do next."""

from collections.abc import Sequence


class DirectoryError(Exception):
    """The directory cannot hold what was asked; nothing was changed."""


class NoSuchDomain(DirectoryError):
    """A domain is not one of ours."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"{domain} is not a domain of this server: name one that is, or add it first")
        self.domain = domain


class DomainTaken(DirectoryError):
    """A domain stands in the directory already."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"{domain} is already a domain of this server: use it as it is")
        self.domain = domain


class DomainUnfit(DirectoryError):
    """What was given can be mail's destination, but not a domain that we keep accounts in."""


class DomainInUse(DirectoryError):
    """A domain still has accounts or aliases."""

    def __init__(self, domain: str, accounts: int, aliases: int) -> None:
        super().__init__(f"{domain} still has {_count(accounts, 'account')} and {_count(aliases, 'alias', 'aliases')}:"
                         " remove them first")
        self.domain, self.accounts, self.aliases = domain, accounts, aliases


class AddressTaken(DirectoryError):
    """An address with the same key belongs to an account or an alias already."""

    def __init__(self, address: str, holder: str) -> None:
        super().__init__(f"{address} is taken by the {holder}: choose another, or remove that first")
        self.address, self.holder = address, holder


class AddressInUse(DirectoryError):
    """Aliases would be left with nobody to deliver to."""

    def __init__(self, address: str, aliases: Sequence[str]) -> None:
        super().__init__(f"{address} is all that is behind {', '.join(aliases)}: remove that first")
        self.address, self.aliases = address, tuple(aliases)


class NoSuchAccount(DirectoryError):
    """No account has the address or the number."""

    def __init__(self, account: str) -> None:
        super().__init__(f"there is no account {account}: list the accounts to see what they are called")
        self.account = account


class NoSuchAlias(DirectoryError):
    """No alias has the address."""

    def __init__(self, address: str) -> None:
        super().__init__(f"there is no alias {address}: list the aliases to see what they are called")
        self.address = address


class AliasWithoutTarget(DirectoryError):
    """An alias must lead somewhere."""


class NoSuchTarget(DirectoryError):
    """An alias's target is in one of our domains, but nobody has that address."""

    def __init__(self, target: str) -> None:
        super().__init__(f"nobody here has the address {target}: add its account or alias first")
        self.target = target


class AliasLoop(DirectoryError):
    """Following an alias leads back to it."""


class AliasTooDeep(DirectoryError):
    """Following an alias leads through too many others."""


class AliasTooWide(DirectoryError):
    """An alias leads to too many addresses."""


class NoSuchApplicationPassword(DirectoryError):
    """An account has no application password of that label."""

    def __init__(self, label: str) -> None:
        super().__init__(f"there is no application password {label!r}: show the account to see which it has")
        self.label = label


class LabelTaken(DirectoryError):
    """An account has an application password of that label already."""

    def __init__(self, label: str) -> None:
        super().__init__(f"there is an application password {label!r} already: choose another label or remove it first")
        self.label = label


class LabelUnfit(DirectoryError):
    """A label is empty, too long or would break a line of a listing."""


class TooManyApplicationPasswords(DirectoryError):
    """An account has as many application passwords as it may have."""


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
