"""Passwords and application passwords: what may be one, and how each is kept.

A password is a person's, so it is guessable: argon2id, which costs 25 ms and 19 MiB, on a thread (`runtime.workers`).
An application password is 80 random bits of ours: SHA-256 is enough, for there is nothing to guess.
"""

import base64
import hashlib
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from posthouse.runtime.chance import Chance

PASSWORD_CHARACTERS_MIN: Final = 8       # NIST SP 800-63B 5.1.1.2
PASSWORD_OCTETS_MAX: Final = 1024        # RFC 4616 2 asks for 255, NIST for 64 characters; hashing is linear

# OWASP's second recommendation for argon2id (Password Storage Cheat Sheet); the library's default costs nine times it.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

_APPLICATION_PASSWORD_OCTETS: Final = 10    # 80 bits, sixteen letters of base32


class PasswordUnfit(ValueError):
    """A text cannot be a password. The text of the error says why, and never what was given."""


def prepare_password(password: str) -> str:
    """The form in which a password is hashed: however its letters were composed (RFC 8265 4.2.2, OpaqueString)."""
    if password.isascii():
        return password
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in password)
    return unicodedata.normalize("NFC", spaced)


def require_fit_password(password: str) -> None:
    """Ask of a new password what we ask of all. Raises PasswordUnfit.

    No rules of composition and no expiry: they make passwords worse (NIST SP 800-63B 5.1.1.2).
    """
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise PasswordUnfit(f"a password has at least {PASSWORD_CHARACTERS_MIN} characters")
    if len(password.encode("utf-8", "surrogatepass")) > PASSWORD_OCTETS_MAX:
        raise PasswordUnfit(f"a password has at most {PASSWORD_OCTETS_MAX} octets")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in password):
        raise PasswordUnfit("a password has no control characters: mail programs could not send them")


def hash_password(password: str) -> str:
    """The argon2id text that is kept. Takes about 25 ms: call it on a thread."""
    return _HASHER.hash(prepare_password(password).encode("utf-8", "surrogatepass"))


def verify_password(password_hash: str, password: str) -> bool:
    """Whether this is the password. Takes about 25 ms: call it on a thread. A text that is no hash matches nothing."""
    try:
        return _HASHER.verify(password_hash, prepare_password(password).encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def new_application_password(chance: Chance) -> str:
    """Sixteen random letters in groups of four, to be shown once: "k3f7-q2ma-zzt4-n6bh"."""
    letters = base64.b32encode(chance.token(_APPLICATION_PASSWORD_OCTETS)).decode("ascii").lower()
    return "-".join(letters[start:start + 4] for start in range(0, len(letters), 4))


def application_password_sha256(password: str) -> bytes:
    """What is kept of an application password; blanks, hyphens and capitals do not matter when it is typed."""
    letters = password.replace("-", "").replace(" ", "").lower()
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).digest()
