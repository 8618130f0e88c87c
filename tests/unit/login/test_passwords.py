"""Passwords are kept as argon2id, application passwords as SHA-256, and neither depends on how it is typed."""

import hashlib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.login.passwords import (
    PASSWORD_OCTETS_MAX,
    PasswordUnfit,
    application_password_sha256,
    hash_password,
    needs_rehash,
    new_application_password,
    prepare_password,
    require_fit_password,
    verify_password,
)


class Counting:
    """Chance that is known beforehand."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def token(self, octets: int) -> bytes:
        assert octets == len(self._octets)
        return self._octets

    def identifier(self) -> str:
        raise AssertionError("not asked here")


def test_a_password_is_known_again_and_another_is_not() -> None:
    """RFC 9106: the hash carries its own salt and parameters."""
    kept = hash_password("correct horse")
    assert verify_password(kept, "correct horse")
    assert not verify_password(kept, "correct horsf")


def test_the_parameters_are_the_chosen_ones() -> None:
    """STACK: t=2 m=19 MiB p=1 (25 ms); the library's default costs 219."""
    assert hash_password("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_equal_passwords_are_kept_differently() -> None:
    """Each hash has a salt of its own, so that one look at the table does not show who shares a password."""
    assert hash_password("correct horse") != hash_password("correct horse")


def test_a_text_that_is_no_hash_matches_nothing() -> None:
    """A damaged row must refuse, not raise."""
    assert not verify_password("", "correct horse")
    assert not verify_password("$argon2id$v=19$m=19456,t=2,p=1$nonsense", "correct horse")


def test_a_hash_of_other_parameters_is_to_be_made_anew() -> None:
    """What was kept under weaker parameters is replaced when its owner logs in next."""
    assert not needs_rehash(hash_password("correct horse"))
    assert needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$dGFnZ3RhZ2d0YWdndGFnZ2d0YWdndGFnZ2d0YWdndGFn")


def test_a_password_may_be_typed_composed_or_not() -> None:
    """RFC 8265 4.2.2: NFC, and every blank is a blank; keyboards differ."""
    composed = "Zürich café"
    typed = unicodedata.normalize("NFD", composed).replace(" ", "\u00a0")
    assert typed != composed
    assert prepare_password(typed) == composed


@given(st.text())
def test_preparing_twice_changes_nothing(password: str) -> None:
    """RFC 8264 7: enforcement is idempotent."""
    assert prepare_password(prepare_password(password)) == prepare_password(password)


@pytest.mark.parametrize("password", ["", "short", "seven77"])
def test_a_short_password_is_refused(password: str) -> None:
    """NIST SP 800-63B 5.1.1.2: at least eight characters."""
    with pytest.raises(PasswordUnfit, match="at least 8"):
        require_fit_password(password)


def test_a_long_password_is_taken_up_to_the_limit() -> None:
    """NIST SP 800-63B 5.1.1.2: at least 64 must be possible; without any limit hashing is an attack."""
    require_fit_password("x" * PASSWORD_OCTETS_MAX)
    with pytest.raises(PasswordUnfit, match="at most"):
        require_fit_password("x" * (PASSWORD_OCTETS_MAX + 1))


@pytest.mark.parametrize("letter", ["\0", "\r", "\n", "\x7f", "\ud800"])
def test_control_characters_are_refused(letter: str) -> None:
    """RFC 4616 2: NUL ends a field of PLAIN; a line end cannot stand in an IMAP quoted string (RFC 3501 9)."""
    with pytest.raises(PasswordUnfit, match="control"):
        require_fit_password(f"12345678{letter}")


def test_what_is_refused_is_never_told() -> None:
    """An error's text ends up in logs and on screens."""
    with pytest.raises(PasswordUnfit) as raised:
        require_fit_password("geheim")
    assert "geheim" not in str(raised.value)


def test_an_application_password_is_eighty_random_bits_in_groups() -> None:
    """What is read off one screen and typed into another is short and has no look-alikes (RFC 4648 6)."""
    assert new_application_password(Counting(bytes(10))) == "aaaa-aaaa-aaaa-aaaa"
    assert new_application_password(Counting(b"\xff" * 10)) == "7777-7777-7777-7777"


@settings(max_examples=50)
@given(st.binary(min_size=10, max_size=10))
def test_an_application_password_is_known_however_it_is_typed(octets: bytes) -> None:
    """Hyphens, blanks and capitals come from typing."""
    shown = new_application_password(Counting(octets))
    kept = application_password_sha256(shown)
    assert kept == hashlib.sha256(shown.replace("-", "").encode()).digest()
    assert application_password_sha256(shown.replace("-", " ").upper()) == kept
    assert application_password_sha256(shown.replace("-", "")) == kept
