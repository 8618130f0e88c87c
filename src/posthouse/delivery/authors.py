"""Who a submitted message says wrote it: the claims that `policy.identity` judges."""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.delivery.arrival import Originator
from posthouse.delivery.errors import AuthorRefused
from posthouse.directory.reader import DirectoryReader
from posthouse.message.address import Address, AddressSyntaxError, Domain
from posthouse.message.address_list import TOKENS_MAX, HeaderGroup, parse_address_list
from posthouse.message.headers import HeaderSection, unfold
from posthouse.message.status import Status
from posthouse.policy.identity import Claim

# A token is an octet at least, so of a value as long as this every address is read.
AUTHORS_OCTETS_MAX: Final = TOKENS_MAX

_QUOTED: Final = rb'"(?:[^"\\]++|\\.)*+"'
_WORD: Final = rb'[^\s"<>()@,;:\\\[\]]++'
# What anybody could take for an address, obsolete white space allowed; a word or display name without "@" is skipped.
_ADDRESS: Final = re.compile(rb"(%b|%b)\s*+@\s*+(%b)|%b|%b" % (_QUOTED, _WORD, _WORD, _QUOTED, _WORD), re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_SPECIAL: Final = re.compile(rb'["()\\]')
_OUTSIDE_COMMENTS: Final = re.compile(rb'%b|[^"()\\]++|.' % _QUOTED, re.DOTALL)
_IN_A_COMMENT: Final = re.compile(rb"[^()\\]++|\\.|.", re.DOTALL)    # where quotes mean nothing (RFC 5322 3.2.2)

_Parts = tuple[bytes, bytes]    # local part, domain


def claimed_authors(
    section: HeaderSection, originator: Originator, directory: DirectoryReader
) -> tuple[Claim, ...]:
    """Every address of every From field, groups opened, and whatever else stands there like an address.

    Readers differ over ``<a@x> <b@y>``, ``a@x <b@y>`` and source routes: each address that one of them may show must
    be the account's. Raises AuthorRefused when something there is no address, or more than is read.
    """
    found: dict[_Parts, None] = {}
    for value in section.values(b"from"):
        if len(value) > AUTHORS_OCTETS_MAX:
            raise AuthorRefused(Status("5.6.0"), f"the From field is longer than {AUTHORS_OCTETS_MAX} octets")
        found.update(dict.fromkeys(_named(value)))
    return tuple(_claim(*parts, originator, directory) for parts in found)


def _named(value: bytes) -> Iterator[_Parts]:
    value = _without_comments(unfold(value))
    for entry in parse_address_list(value):
        for mailbox in entry.mailboxes if isinstance(entry, HeaderGroup) else (entry,):
            yield mailbox.local_part, mailbox.domain
    for local_part, domain in _ADDRESS.findall(value):
        if domain:
            yield _ESCAPED.sub(rb"\1", local_part[1:-1]) if local_part.startswith(b'"') else local_part, domain


def _without_comments(value: bytes) -> bytes:
    """The value with a space for each comment. Raises AuthorRefused where a quote or a bracket has no other end: what
    lies behind it is in it to one reader and outside to another."""
    if _SPECIAL.search(value) is None:
        return value
    kept: list[bytes] = []
    depth = position = 0
    while found := (_IN_A_COMMENT if depth else _OUTSIDE_COMMENTS).match(value, position):
        position, octets = found.end(), found[0]
        if octets == b"(":
            depth += 1
        elif depth:
            depth -= octets == b")"
            kept.append(b" ")
        elif octets in (b'"', b")", b"\\"):
            raise _malformed()
        else:
            kept.append(octets)
    if depth:
        raise _malformed()
    return b"".join(kept)


def _malformed() -> AuthorRefused:
    return AuthorRefused(Status("5.6.0"), "the From field has a quote or a bracket without its other end")


def _claim(local_part: bytes, domain: bytes, originator: Originator, directory: DirectoryReader) -> Claim:
    try:
        address = Address(local_part.decode(), Domain(domain.decode()))
    except (AddressSyntaxError, UnicodeDecodeError) as error:
        raise AuthorRefused(Status("5.6.0"), "the From field holds something that is no address") from error
    return Claim(address, directory.resolve(address).delivers_to(originator.account_id))
