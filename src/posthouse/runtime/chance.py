"""Randomness, as a port: tokens nobody can guess and names nobody has used."""

import os
from typing import Final, Protocol

_IDENTIFIER_OCTETS: Final = 10    # 80 bits: a thousand million names, and one chance in two million that two are equal


class Chance(Protocol):
    """Where random octets come from; a simulation draws them from its seed."""

    def token(self, octets: int) -> bytes:
        """So many octets that nobody can guess."""

    def identifier(self) -> str:
        """A name for a session, a file or a message: twenty of 0-9 and a-f, never the same twice in practice."""


class SystemChance:
    """The kernel's generator, which is fit for secrets."""

    __slots__ = ()

    def token(self, octets: int) -> bytes:
        return os.urandom(octets)

    def identifier(self) -> str:
        return os.urandom(_IDENTIFIER_OCTETS).hex()    # base32 would be shorter, and costs 14 us
