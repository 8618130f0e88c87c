"""Who a submitted message says wrote it: the claims that `policy.identity` judges."""

from posthouse.delivery.arrival import Originator
from posthouse.delivery.errors import AuthorRefused
from posthouse.directory.reader import DirectoryReader
from posthouse.message.address import Address, AddressSyntaxError, Domain
from posthouse.message.address_list import HeaderGroup, HeaderMailbox, parse_address_list
from posthouse.message.headers import HeaderSection
from posthouse.message.status import Status
from posthouse.policy.identity import Claim


def claimed_authors(
    section: HeaderSection, originator: Originator, directory: DirectoryReader
) -> tuple[Claim, ...]:
    """Every address of every From field, groups opened. Raises AuthorRefused when something there is no address."""
    return tuple(
        _claim(mailbox, originator, directory)
        for value in section.values(b"from")
        for entry in parse_address_list(value)
        for mailbox in (entry.mailboxes if isinstance(entry, HeaderGroup) else (entry,))
    )


def _claim(mailbox: HeaderMailbox, originator: Originator, directory: DirectoryReader) -> Claim:
    try:
        address = Address(mailbox.local_part.decode(), Domain(mailbox.domain.decode()))
    except (AddressSyntaxError, UnicodeDecodeError) as error:
        raise AuthorRefused(Status("5.6.0"), "the From field holds something that is no address") from error
    return Claim(address, directory.resolve(address).delivers_to(originator.account_id))
