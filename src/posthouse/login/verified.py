"""Logins that were verified: a password that argon2id found right is known again without it.

What is kept is a keyed hash of account, credential version and password, under a key that dies with the process: a
dump of this memory is no list of passwords. The version is in the hash, so a change of password makes it useless at
once, without anybody telling us.
"""

import hashlib
from collections import OrderedDict
from typing import Final

from posthouse.directory.credentials import StoredCredentials
from posthouse.runtime.chance import Chance

VERIFIED_MAX: Final = 10_000    # about 2 MB; one for each account and password in use
_KEY_OCTETS: Final = 32
_DIGEST_OCTETS: Final = 32


class Digests:
    """Keyed hashes of what was tried."""

    __slots__ = ("_key",)

    def __init__(self, chance: Chance) -> None:
        self._key = chance.token(_KEY_OCTETS)

    def of(self, account_key: str, stored: StoredCredentials | None, password: str) -> bytes:
        """The digest of one password for one account as it stands now; of a name that nobody has, too."""
        # Numbers are never used again, so a removed account that is made anew shares no digest with the old one.
        number, version = (0, 0) if stored is None else (stored.account_id, stored.credential_version)
        tried = f"{number}\0{version}\0{account_key}\0{password}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(tried, key=self._key, digest_size=_DIGEST_OCTETS).digest()


class VerifiedLogins:
    """The digests last found right, so many at most."""

    __slots__ = ("_digests", "_digests_max")

    def __init__(self, digests_max: int = VERIFIED_MAX) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._digests_max = digests_max

    def __contains__(self, digest: bytes) -> bool:
        if digest not in self._digests:
            return False
        self._digests.move_to_end(digest)
        return True

    def add(self, digest: bytes) -> None:
        self._digests[digest] = None
        self._digests.move_to_end(digest)
        if len(self._digests) > self._digests_max:
            self._digests.popitem(last=False)
