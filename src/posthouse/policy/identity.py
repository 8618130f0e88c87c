"""In whose name an account may write (RFC 6409 6.1: enforce submission rights; RFC 5322 3.6.2: the author).

One rule for both: an account may use exactly those addresses whose mail comes to it: its own, its own with a +tag, and
the aliases that deliver to it (alone or among others). So an answer to what it writes always reaches it, and nobody
needs a list of permissions beside the directory. The directory says where an address leads (its ``resolve``).
"""

from dataclasses import dataclass

from posthouse.message.address import Address, NullReversePath
from posthouse.message.status import Status
from posthouse.policy.verdicts import Accept, Refuse, Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """An address that an authenticated account writes in the name of, and whether its mail comes to that account."""

    address: Address
    delivers_to_account: bool


def judge_reverse_path(claim: Claim | NullReversePath) -> Verdict:
    """Say whether the account may submit with this reverse-path.

    The null reverse-path is allowed: mail programs submit disposition notifications with it (RFC 8098 3 demands it,
    RFC 6409 3.2 says that it is in itself no cause to reject). Nobody is forged by it, the login still says who
    submitted, and the author is judged all the same.
    """
    if isinstance(claim, NullReversePath):
        return Accept(because="a notice is submitted with the null reverse-path")
    if claim.delivers_to_account:
        return Accept(because="mail to the reverse-path comes to the account")
    return Refuse(Status("5.7.1"), f"this account may not submit as {_shown(claim.address)}")


def judge_authors(authors: tuple[Claim, ...]) -> Verdict:
    """Say whether the account may submit a message with these authors: all addresses of the From field, groups opened.

    Every one of several authors (RFC 5322 3.6.2) must be the account's: readers see the first, and any may be forged.
    """
    if not authors:
        return Refuse(Status("5.6.0"), "the message needs a From field with an address")
    for author in authors:
        if not author.delivers_to_account:
            return Refuse(Status("5.7.1"), f"this account may not write as author {_shown(author.address)}")
    return Accept(because="mail to every author comes to the account")


def _shown(address: Address) -> str:
    """The address for a reply, which is ASCII (RFC 5321 4.2): other characters of it become question marks."""
    return str(address).encode("ascii", "replace").decode("ascii")
