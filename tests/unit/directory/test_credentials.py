"""Credentials are kept as hashes, and whatever stops being good outdates the logins that were verified by it."""

import hashlib

import pytest

from posthouse.directory.accounts import Role, add_account, find_account, remove_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.credentials import (
    APPLICATION_PASSWORDS_MAX,
    add_application_password,
    credential_version,
    credentials_of,
    find_application_password,
    list_application_passwords,
    rehash_password,
    remove_application_password,
    set_password,
)
from posthouse.directory.domains import add_domain
from posthouse.directory.errors import (
    LabelTaken,
    LabelUnfit,
    NoSuchAccount,
    NoSuchApplicationPassword,
    TooManyApplicationPasswords,
)
from posthouse.directory.version import Occasion, version
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(5), "test")
ADA, BOB = parse_address("Ada@example.org"), parse_address("bob@example.org")


def sha256(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()


@pytest.fixture
def house(engine):
    engine.write(add_domain, Domain("example.org"), NOW)
    return engine


@pytest.fixture
def ada(house):
    return house.write(add_account, ADA, "hash-1", Role.USER, NOW)


def test_what_a_login_is_checked_against_is_found_by_the_accounts_own_address(house, ada) -> None:
    found = house.read(credentials_of, parse_address("ADA@example.org").key)
    assert (found.account_id, found.address, found.password_hash) == (ada, ADA, "hash-1")
    assert house.read(credentials_of, BOB.key) is None


def test_an_alias_is_nobody_who_logs_in(house, ada) -> None:
    house.write(add_alias, BOB, (ADA,), NOW)
    assert house.read(credentials_of, BOB.key) is None


def test_hashes_never_show_in_a_traceback_or_a_log(house, ada) -> None:
    """DESIGN 7: secrets cannot be put in a log line."""
    assert "hash-1" not in repr(house.read(credentials_of, ADA.key))


def test_a_new_password_outdates_what_was_verified_by_the_old_one(house, ada) -> None:
    """Issue: a cache of verified logins that a password change makes useless."""
    before = house.read(credential_version, ada)
    house.write(set_password, ada, "hash-2", NOW)
    found = house.read(credentials_of, ADA.key)
    assert found.password_hash == "hash-2"
    assert found.credential_version == house.read(credential_version, ada) > before


def test_a_password_can_be_taken_away(house, ada) -> None:
    house.write(set_password, ada, None, NOW)
    assert house.read(credentials_of, ADA.key).password_hash is None
    assert not house.read(find_account, ADA).has_password


def test_a_rehashed_password_logs_nobody_out(house, ada) -> None:
    before, directory_before = house.read(credential_version, ada), house.read(version)
    house.write(rehash_password, ada, "hash-1", "stronger")
    assert house.read(credentials_of, ADA.key).password_hash == "stronger"
    assert house.read(credential_version, ada) == before
    assert house.read(version) == directory_before


def test_a_rehash_never_brings_back_a_password_that_was_changed_meanwhile(house, ada) -> None:
    house.write(set_password, ada, "hash-2", NOW)
    house.write(rehash_password, ada, "hash-1", "stronger")
    assert house.read(credentials_of, ADA.key).password_hash == "hash-2"


def test_application_passwords_are_found_by_their_hash_for_their_account_only(house, ada) -> None:
    bob = house.write(add_account, BOB, None, Role.USER, NOW)
    added = house.write(add_application_password, ada, "phone", sha256("secret"), NOW)
    found = house.read(find_application_password, ada, sha256("secret"))
    assert (found.application_password_id, found.label, found.created_at) == (added, "phone", NOW.at)
    assert house.read(find_application_password, bob, sha256("secret")) is None
    assert house.read(find_application_password, ada, sha256("other")) is None


def test_a_removed_application_password_is_good_no_more_nor_is_what_it_verified(house, ada) -> None:
    for label in ("phone", "laptop"):
        house.write(add_application_password, ada, label, sha256(label), NOW)
    before = house.read(credential_version, ada)
    house.write(remove_application_password, ada, "phone", NOW)
    assert house.read(find_application_password, ada, sha256("phone")) is None
    assert [each.label for each in house.read(list_application_passwords, ada)] == ["laptop"]
    assert house.read(credential_version, ada) > before
    with pytest.raises(NoSuchApplicationPassword, match="phone"):
        house.write(remove_application_password, ada, "phone", NOW)


def test_one_more_application_password_logs_nobody_out(house, ada) -> None:
    before = house.read(credential_version, ada)
    house.write(add_application_password, ada, "phone", sha256("phone"), NOW)
    assert house.read(credential_version, ada) == before


@pytest.mark.parametrize("label", ["", "  ", "two\nlines", "x" * 101])
def test_a_label_is_a_short_line(house, ada, label: str) -> None:
    with pytest.raises(LabelUnfit):
        house.write(add_application_password, ada, label, sha256("secret"), NOW)


def test_labels_are_how_their_owner_tells_them_apart(house, ada) -> None:
    house.write(add_application_password, ada, "phone", sha256("one"), NOW)
    with pytest.raises(LabelTaken):
        house.write(add_application_password, ada, "phone", sha256("two"), NOW)


def test_an_account_has_a_limited_number_of_them(house, ada) -> None:
    def fill(tx) -> None:
        for number in range(APPLICATION_PASSWORDS_MAX):
            add_application_password(tx, ada, f"device {number}", sha256(str(number)), NOW)

    house.write(fill)
    with pytest.raises(TooManyApplicationPasswords, match="remove"):
        house.write(add_application_password, ada, "one more", sha256("more"), NOW)


def test_nothing_is_done_to_an_account_that_is_gone(house, ada) -> None:
    house.write(remove_account, ADA, NOW)
    with pytest.raises(NoSuchAccount):
        house.write(set_password, ada, "hash-2", NOW)
    with pytest.raises(NoSuchAccount):
        house.write(add_application_password, ada, "phone", sha256("secret"), NOW)
    with pytest.raises(NoSuchAccount):
        house.read(credential_version, ada)
