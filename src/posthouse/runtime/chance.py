"""Randomness, as a port: tokens nobody can guess and names nobody has used."""

import base64
import os
from typing import Protocol

# 80 bits: two of a billion billion names meet with a chance of one in two million; ten octets are sixteen letters
# of base32 without padding.
_IDENTIFIER_OCTETS = 10


class Chance(Protocol):
    """Where random octets come from; a simulation draws them from its seed."""

    def token(self, octets: int) -> bytes:
        """So many octets that nobody can guess."""

    def identifier(self) -> str:
        """A name for a session, a file or a message: sixteen of a-z and 2-7, never the same twice in practice."""


class SystemChance:
    """The kernel's generator, which is fit for secrets."""

    __slots__ = ()

    def token(self, octets: int) -> bytes:
        return os.urandom(octets)

    def identifier(self) -> str:
        return base64.b32encode(os.urandom(_IDENTIFIER_OCTETS)).decode("ascii").lower()
