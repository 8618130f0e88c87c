"""ENVELOPE (RFC 3501 7.4.2) as it is sent: the parenthesised list of a header section's ten usual fields."""

from typing import Final

from posthouse.delivery.wire_strings import NIL, is_plain, string, text
from posthouse.message.address_list import HeaderGroup, HeaderMailbox, parse_address_list
from posthouse.message.headers import HeaderSection

_GROUP_END: Final = b"(NIL NIL NIL NIL)"


def envelope_form(section: HeaderSection) -> bytes:
    """The value of ENVELOPE. Sender and Reply-To that are absent or empty are From's; other absent fields are NIL."""
    originator = _addresses(section, b"from")
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        text(section.first(b"date")),    # present but empty is an empty string; encoded words stay as they are
        text(section.first(b"subject")),
        originator,
        _addresses(section, b"sender", originator),
        _addresses(section, b"reply-to", originator),
        _addresses(section, b"to"),
        _addresses(section, b"cc"),
        _addresses(section, b"bcc"),
        text(section.first(b"in-reply-to")),
        text(section.first(b"message-id")),
    )


def _addresses(section: HeaderSection, lower_name: bytes, instead: bytes = NIL) -> bytes:
    """The addresses of all fields of a name: RFC 5322 3.6 allows one, but what more there are still name people."""
    values = section.values(lower_name)
    if not values:
        return instead
    entries = parse_address_list(values[0] if len(values) == 1 else b",".join(values))
    if not entries:
        return instead
    return b"(%b)" % b"".join([
        _mailbox(entry) if isinstance(entry, HeaderMailbox) else _group(entry) for entry in entries
    ])  # fmt: skip


def _group(group: HeaderGroup) -> bytes:
    """The run of address structures that stands for a group."""
    members = b"".join(map(_mailbox, group.mailboxes))
    return b"(NIL NIL %b NIL)%b%b" % (string(group.display_name), members, _GROUP_END)


def _mailbox(mailbox: HeaderMailbox) -> bytes:
    """Display name, source route, local part, domain. A missing domain is empty: NIL would begin a group."""
    display_name, route, local_part, domain = (
        mailbox.display_name, mailbox.route, mailbox.local_part, mailbox.domain
    )  # fmt: skip
    if not route and is_plain(display_name + local_part + domain):    # nearly all: one look instead of four
        if display_name:
            return b'("%b" NIL "%b" "%b")' % (display_name, local_part, domain)
        return b'(NIL NIL "%b" "%b")' % (local_part, domain)
    return b"(%b %b %b %b)" % (
        string(display_name) if display_name else NIL,
        string(route) if route else NIL,
        string(local_part),
        string(domain),
    )
