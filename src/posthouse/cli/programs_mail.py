"""What a program's message says and leaves out: recipients in its header section, an author, names without a domain."""

import getpass
from functools import cached_property
from typing import Final

from posthouse.cli.asking import Asker, RequestRefused
from posthouse.cli.domain import list_domains
from posthouse.message.address import Address, AddressSyntaxError, Domain, parse_address
from posthouse.message.address_list import HeaderGroup, HeaderMailbox, parse_address_list
from posthouse.message.encoded_fields import NamedAddress, address_field
from posthouse.message.headers import HeaderSection

# RFC 5322 3.6.6: of a message that is sent again only the Resent fields say to whom.
_RESENT: Final = (b"resent-to", b"resent-cc", b"resent-bcc")
_USUAL: Final = (b"to", b"cc", b"bcc")


def header_recipients(octets: bytes) -> list[str]:
    """Whom To, Cc and Bcc name, or the Resent fields where there are any: addresses, or names without a domain."""
    section = HeaderSection.parse(octets)
    names = _RESENT if section.names() & set(_RESENT) else _USUAL
    return [
        _written(mailbox)
        for name in names
        for value in section.values(name)
        for entry in parse_address_list(value)
        for mailbox in (entry.mailboxes if isinstance(entry, HeaderGroup) else (entry,))
    ]


def _written(mailbox: HeaderMailbox) -> str:
    local_part = mailbox.local_part.decode("utf-8", "replace")
    if not mailbox.domain:
        return local_part
    domain = mailbox.domain.decode("utf-8", "replace")
    try:
        return str(Address(local_part, Domain(domain)))
    except AddressSyntaxError:
        return f"{local_part}@{domain}"    # the server says what is wrong with it


class Originator:
    """Whoever runs the program. A name without a domain is in our first one, as "root" in a mail of cron's."""

    def __init__(self, asker: Asker, reverse_path: str | None, full_name: str) -> None:
        self._asker = asker
        self._given = reverse_path
        self._full_name = full_name

    @cached_property
    def _home(self) -> str:
        domains = list_domains(self._asker)
        if not domains:
            raise RequestRefused(
                "a name without a domain needs a domain of ours", "write NAME@DOMAIN, or `posthouse domain add` one"
            )
        return domains[0].name

    def qualified(self, name: str) -> str:
        """An address, given one or a name without a domain. Raises RequestRefused where there is no domain of ours."""
        return name if "@" in name else f"{name}@{self._home}"

    @cached_property
    def reverse_path(self) -> str:
        """Where notices go; empty for nowhere."""
        if self._given is None:
            return self.qualified(getpass.getuser())
        bare = self._given.strip().removeprefix("<").removesuffix(">")
        return self.qualified(bare) if bare else ""

    def completed(self, octets: bytes) -> bytes:
        """The message with an author (RFC 5322 3.6 wants one); one that has none was written by whoever sends it."""
        section = HeaderSection.parse(octets)
        if section.names() & {b"from", b"resent-from"}:
            return octets
        author = self.reverse_path or self.qualified(getpass.getuser())
        try:
            field = address_field("From", (NamedAddress(parse_address(author), self._full_name),))
        except AddressSyntaxError as error:
            raise RequestRefused(f"{author!r} is no address: {error.reason}", "name the sender with -f") from error
        starts_with_text = not section.names() - {b""} and not octets.startswith(b"\r\n")
        return field + (b"\r\n" if starts_with_text else b"") + octets
