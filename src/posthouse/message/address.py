"""Addresses and paths (RFC 5321 4.1.2, 4.1.3): what MAIL and RCPT name, and what a directory compares.

An address is kept as it was given and compared by its ``key``. Limits: RFC 5321 4.5.3.1.1 to 4.5.3.1.3.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import idna

LOCAL_PART_OCTETS_MAX: Final = 64    # RFC 5321 4.5.3.1.1
DOMAIN_OCTETS_MAX: Final = 255    # RFC 5321 4.5.3.1.2
PATH_OCTETS_MAX: Final = 256    # RFC 5321 4.5.3.1.3, angle brackets included, a source route not

# RFC 6531 3.3, without the controls and line separators beyond ASCII and what UTF-8 cannot carry.
_BEYOND_ASCII: Final = "\u00a0-\u2027\u202a-\ud7ff\ue000-\U0010ffff"
_ATOM: Final = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~\-{_BEYOND_ASCII}]+"
_DOT_STRING: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# What a quoted-string can carry (RFC 5321 4.1.2 QcontentSMTP): no control characters.
_QUOTABLE: Final = re.compile(rf"[\x20-\x7e{_BEYOND_ASCII}]*")
# RFC 1035 labels of up to 63 octets. The underscore is not RFC 5321's, but hosts of that name send mail.
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

_QUOTED: Final = r'"(?:[^"\\]|\\.)*+"'
_ADDRESS: Final = re.compile(rf"(?:(?P<plain>[^\"@]+)|(?P<quoted>{_QUOTED}))@(?P<domain>[^@]+)")
# The path ends at the first ">" outside a quoted local part; possessive, so that a hostile one costs one reading.
_PATH: Final = re.compile(rb'<(?:[^<>"]++|"(?:[^"\\]|\\.)*+")*+>')
_SOURCE_ROUTE: Final = re.compile(r"@[^,:\"\[\]]+(?:\s*,\s*@[^,:\"\[\]]+)*\s*:")
_ESCAPED: Final = re.compile(r"\\(.)")
_TO_ESCAPE: Final = re.compile(r'["\\]')


class AddressSyntaxError(ValueError):
    """A text is no address. ``reason`` says why, in words that may be told to a peer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain name or an address literal, kept as given (RFC 5321 4.1.2, 4.1.3); compare by ``key``.

    Raises AddressSyntaxError when the text is neither.
    """

    text: str
    key: str = field(init=False, repr=False, compare=False)
    """The lower-case A-label form; of an address literal the canonical form in lower case."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _domain_key(self.text))

    @property
    def is_address_literal(self) -> bool:
        return self.text.startswith("[")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Address:
    """An RFC 5321 Mailbox. ``local_part`` is the meaning, without quotes and backslashes.

    ``str()`` is the RFC 5321 form, quoted where needed.
    Raises AddressSyntaxError when the local part is too long or has a control character.
    """

    local_part: str
    domain: Domain

    def __post_init__(self) -> None:
        if _QUOTABLE.fullmatch(self.local_part) is None:
            raise AddressSyntaxError("the local part has a control character")
        if len(self.local_part.encode()) > LOCAL_PART_OCTETS_MAX:
            raise AddressSyntaxError(f"the local part is longer than {LOCAL_PART_OCTETS_MAX} octets")

    @property
    def key(self) -> str:
        """What makes two addresses of *our* domains equal: local part NFC and case-folded, domain as its key.

        Other hosts' local parts may differ by case (RFC 5321 2.4), so never compare theirs by it.
        """
        return f"{fold_local_part(self.local_part)}@{self.domain.key}"

    def __str__(self) -> str:
        return _written(self.local_part, self.domain.text)


@lru_cache(maxsize=1024)    # a message's few addresses are written into several fields and records each
def _written(local_part: str, domain: str) -> str:
    """The RFC 5321 Mailbox of a local part's meaning."""
    if _DOT_STRING.fullmatch(local_part):
        return f"{local_part}@{domain}"
    quoted = _TO_ESCAPE.sub(r"\\\g<0>", local_part)
    return f'"{quoted}"@{domain}'


@dataclass(frozen=True, slots=True)
class NullReversePath:
    """The reverse-path ``<>`` of notices, which must never be answered (RFC 5321 4.5.5)."""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class PostmasterPath:
    """The forward-path ``<Postmaster>`` without a domain: this host's postmaster (RFC 5321 4.5.1)."""

    def __str__(self) -> str:
        return "Postmaster"


NULL_REVERSE_PATH: Final = NullReversePath()
POSTMASTER: Final = PostmasterPath()
ReversePath = Address | NullReversePath
ForwardPath = Address | PostmasterPath


def parse_address(text: str) -> Address:
    """Read ``local-part@domain`` (RFC 5321 4.1.2 Mailbox). Raises AddressSyntaxError."""
    if len(text) > LOCAL_PART_OCTETS_MAX * 2 + 2 + DOMAIN_OCTETS_MAX:    # quoting at most doubles a local part
        raise AddressSyntaxError("the address is too long")
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise AddressSyntaxError("an address is written local-part@domain")
    plain = found["plain"]
    if plain is None:
        return Address(_ESCAPED.sub(r"\1", found["quoted"][1:-1]), Domain(found["domain"]))
    if _DOT_STRING.fullmatch(plain) is None:
        raise AddressSyntaxError("the local part needs quotes or has a misplaced dot")
    return Address(plain, Domain(found["domain"]))


def split_path(argument: bytes) -> tuple[bytes, bytes]:
    """Cut the argument of MAIL or RCPT into its path, angle brackets included, and what follows (its parameters).

    Needed because a quoted local part may contain ``>`` and spaces.
    Raises AddressSyntaxError when no path stands first.
    """
    found = _PATH.match(argument)
    if found is None:
        raise AddressSyntaxError("a path is written <local-part@domain>")
    return found[0], argument[found.end() :]


@lru_cache(maxsize=1024)    # a server hears the same few paths again and again, each of at most 256 octets
def parse_path(octets: bytes) -> Address | NullReversePath | PostmasterPath:
    """Read one path in angle brackets (RFC 5321 4.1.2). A source route is accepted and ignored (RFC 5321 appendix C).

    Raises AddressSyntaxError. Use ``parse_reverse_path`` and ``parse_forward_path`` where it is known which is meant.
    """
    if not (octets.startswith(b"<") and octets.endswith(b">")):
        raise AddressSyntaxError("a path is written <local-part@domain>")
    if not octets.isascii():
        raise AddressSyntaxError("an address outside ASCII needs SMTPUTF8, which is not offered")
    text = octets[1:-1].decode("ascii")
    if not text:
        return NULL_REVERSE_PATH
    if text.startswith("@"):
        route = _SOURCE_ROUTE.match(text)
        if route is None:
            raise AddressSyntaxError("a source route is written @host,@host:local-part@domain")
        text = text[route.end() :]
    if len(text) + 2 > PATH_OCTETS_MAX:
        raise AddressSyntaxError(f"the path is longer than {PATH_OCTETS_MAX} octets")
    if text.lower() == "postmaster":
        return POSTMASTER
    return parse_address(text)


def parse_reverse_path(octets: bytes) -> ReversePath:
    """Read MAIL's path. Raises AddressSyntaxError, for ``<Postmaster>`` too: only RCPT knows it (RFC 5321 4.1.1.3)."""
    path = parse_path(octets)
    if isinstance(path, PostmasterPath):
        raise AddressSyntaxError("a reverse-path needs a domain")
    return path


def parse_forward_path(octets: bytes) -> ForwardPath:
    """Read RCPT's path. Raises AddressSyntaxError, for ``<>`` too: only MAIL knows it (RFC 5321 4.1.1.2)."""
    path = parse_path(octets)
    if isinstance(path, NullReversePath):
        raise AddressSyntaxError("a forward-path cannot be empty")
    return path


def split_subaddress(local_part: str) -> tuple[str, str | None]:
    """Cut ``base+tag`` at the first plus (RFC 5233 1): the base and the tag, None when there is no plus.

    A plus at the very start is part of the name: there is no mailbox without one.
    """
    base, plus, tag = local_part.partition("+")
    return (base, tag) if base and plus else (local_part, None)


def fold_local_part(local_part: str) -> str:
    """The form in which local parts of our own domains are compared: NFC, case-folded."""
    if local_part.isascii():
        return local_part.lower()
    # Folding can undo the composition (U+0345), so compose before and after (Unicode 3.13, D146).
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", local_part).casefold())


def _domain_key(text: str) -> str:
    """Validate a domain and give the form in which it is compared. Raises AddressSyntaxError."""
    if len(text) > DOMAIN_OCTETS_MAX:
        raise AddressSyntaxError(f"the domain is longer than {DOMAIN_OCTETS_MAX} octets")
    if _DOMAIN.fullmatch(text):
        return text.lower()
    if text.startswith("["):
        return _literal_key(text)
    if text.isascii():
        raise AddressSyntaxError("the domain is no domain name")
    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except UnicodeError:    # IDNAError is one
        raise AddressSyntaxError("the domain is no internationalized domain name") from None


def _literal_key(text: str) -> str:
    """Validate an address literal (RFC 5321 4.1.3) and give its canonical form. Raises AddressSyntaxError.

    General literals are refused: no tag but IPv6 was ever registered.
    """
    if not text.endswith("]"):
        raise AddressSyntaxError("the address literal is not closed")
    inside = text[1:-1]
    try:
        if inside[:5].lower() == "ipv6:":
            if "%" in inside:
                raise ValueError("a zone index means nothing to another host")
            return f"[ipv6:{ipaddress.IPv6Address(inside[5:]).compressed}]"
        return f"[{ipaddress.IPv4Address(inside)}]"
    except ValueError:
        raise AddressSyntaxError("the address literal holds no IP address") from None
