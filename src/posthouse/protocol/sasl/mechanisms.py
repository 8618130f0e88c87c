"""The server's side of PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login): what the client claims to be.

Both hand over a password in the clear, so a door offers them under TLS only. A mechanism serves one exchange:
``start`` once, then ``answer`` for each answer to a Challenge, until Credentials come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from posthouse.protocol.sasl.errors import SaslSyntaxError

# RFC 4616 2 asks for 255 octets each at least; nobody's password is longer than four times that.
PART_OCTETS_MAX: Final = 1020


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the server says next; not yet base64."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the client claims to be, and the proof. ``repr`` does not show the password.

    ``authorization_id`` is whom it wants to act as; empty means: as ``name`` (RFC 4616 2).
    """

    authorization_id: str
    name: str
    password: bytes = field(repr=False)


class Mechanism(Protocol):
    """One exchange of a SASL mechanism, server side."""

    def start(self, initial: bytes | None) -> Challenge | Credentials:
        """Begin, with the client's initial response (None when it sent none). Raises SaslSyntaxError."""

    def answer(self, octets: bytes) -> Challenge | Credentials:
        """Go on with the client's answer to the last Challenge. Raises SaslSyntaxError."""


class PlainServer:
    """PLAIN (RFC 4616): one message, ``authorization-id NUL name NUL password``."""

    def start(self, initial: bytes | None) -> Challenge | Credentials:
        return Challenge(b"") if initial is None else self.answer(initial)

    def answer(self, octets: bytes) -> Credentials:
        parts = octets.split(b"\0")
        if len(parts) != 3:
            raise SaslSyntaxError("PLAIN is three parts with NUL between them (RFC 4616 2)")
        authorization_id, name, password = parts
        if not name or not password:
            raise SaslSyntaxError("PLAIN needs a name and a password (RFC 4616 2)")
        return Credentials(_text(authorization_id), _text(name), _bounded(password))


class _LoginStep(Enum):
    NAME = auto()
    PASSWORD = auto()
    DONE = auto()


class LoginServer:
    """LOGIN, which was never a standard: the server asks for a name, then for a password.

    Clients look at the colon-ended prompts, so they are the usual ones. An initial response is the name.
    """

    def __init__(self) -> None:
        self._step = _LoginStep.NAME
        self._name = ""

    def start(self, initial: bytes | None) -> Challenge:
        return Challenge(b"Username:") if initial is None else self._take_name(initial)

    def answer(self, octets: bytes) -> Challenge | Credentials:
        if self._step is _LoginStep.NAME:
            return self._take_name(octets)
        if self._step is _LoginStep.DONE or not octets:
            raise SaslSyntaxError("LOGIN needs one name and one password")
        if b"\0" in octets:
            raise SaslSyntaxError("a password has no NUL")
        self._step = _LoginStep.DONE
        return Credentials("", self._name, _bounded(octets))

    def _take_name(self, octets: bytes) -> Challenge:
        if not octets:
            raise SaslSyntaxError("LOGIN needs a name")
        self._name = _text(octets)
        self._step = _LoginStep.PASSWORD
        return Challenge(b"Password:")


MECHANISMS: Final[Mapping[str, Callable[[], Mechanism]]] = {"PLAIN": PlainServer, "LOGIN": LoginServer}
"""How to begin an exchange of each mechanism that we know, by its registered name in upper case."""


def _bounded(octets: bytes) -> bytes:
    if len(octets) > PART_OCTETS_MAX:
        raise SaslSyntaxError(f"a name or password of more than {PART_OCTETS_MAX} octets")
    return octets


def _text(octets: bytes) -> str:
    """A name as text. Raises SaslSyntaxError when it is no UTF-8 (RFC 4616 2), has a NUL or is too long."""
    if b"\0" in octets:
        raise SaslSyntaxError("a name has no NUL")
    try:
        return _bounded(octets).decode("utf-8")
    except UnicodeDecodeError:
        raise SaslSyntaxError("a name is written in UTF-8 (RFC 4616 2)") from None
