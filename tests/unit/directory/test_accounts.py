"""Accounts and aliases share one room of addresses, in which no two keys are equal."""

import pytest

from posthouse.directory.accounts import (
    Role,
    account_by_id,
    add_account,
    find_account,
    list_accounts,
    remove_account,
    show_account,
)
from posthouse.directory.aliases import add_alias, show_alias
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.errors import AddressInUse, AddressTaken, NoSuchAccount, NoSuchDomain
from posthouse.directory.version import Occasion
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(5), "test")
ADA, BOB = parse_address("Ada@Example.ORG"), parse_address("bob@example.org")


@pytest.fixture
def house(engine):
    engine.write(add_domain, Domain("example.org"), NOW)
    engine.write(add_domain, Domain("example.net"), NOW)
    return engine


def test_an_account_is_kept_as_given_and_found_by_key(house) -> None:
    account_id = house.write(add_account, ADA, "$argon2id$...", Role.POSTMASTER, NOW)
    found = house.read(show_account, parse_address("ADA@example.org"))
    assert found == house.read(account_by_id, account_id)
    assert (str(found.address), found.role, found.has_password, found.created_at) == (
        "Ada@Example.ORG", Role.POSTMASTER, True, NOW.at,
    )  # fmt: skip


def test_an_account_needs_a_domain_of_ours_and_the_error_says_what_to_do(house) -> None:
    with pytest.raises(NoSuchDomain, match=r"elsewhere\.example is not a domain .*, or add it first"):
        house.write(add_account, parse_address("ada@elsewhere.example"), None, Role.USER, NOW)


@pytest.mark.parametrize(
    "colliding",
    [
        "ADA@EXAMPLE.ORG",
        '"ada"@example.org',
        pytest.param("adA@example.org", id="mixed case"),
    ],
)
def test_accounts_whose_keys_collide_are_refused(house, colliding: str) -> None:
    """DESIGN 5, Addresses: accounts whose keys collide are refused."""
    house.write(add_account, ADA, None, Role.USER, NOW)
    with pytest.raises(AddressTaken, match=r"account Ada@Example\.ORG"):
        house.write(add_account, parse_address(colliding), None, Role.USER, NOW)
    assert len(house.read(list_accounts)) == 1


def test_letters_that_fold_to_the_same_text_collide(house) -> None:
    """Local parts of our domains compare by NFC and case folding: a decomposed e-acute is the composed one."""
    house.write(add_account, parse_address("ren\u00e9@example.org"), None, Role.USER, NOW)
    with pytest.raises(AddressTaken):
        house.write(add_account, parse_address("RENE\u0301@example.org"), None, Role.USER, NOW)


def test_an_alias_is_in_an_accounts_way_and_the_other_way_round(house) -> None:
    house.write(add_account, ADA, None, Role.USER, NOW)
    house.write(add_alias, BOB, (ADA,), NOW)
    with pytest.raises(AddressTaken, match=r"alias bob@example\.org"):
        house.write(add_account, BOB, None, Role.USER, NOW)
    with pytest.raises(AddressTaken, match="account Ada"):
        house.write(add_alias, parse_address("ada@example.org"), (BOB,), NOW)


def test_accounts_are_listed_by_domain_and_page_by_page(house) -> None:
    ids = [
        house.write(add_account, parse_address(each), None, Role.USER, NOW)
        for each in ("b@example.org", "a@example.net", "a@example.org")
    ]
    assert [each.account_id for each in house.read(list_accounts)] == ids
    assert [each.account_id for each in house.read(list_accounts, None, ids[0])] == ids[1:]
    assert [each.account_id for each in house.read(list_accounts, Domain("EXAMPLE.org"))] == [ids[0], ids[2]]
    with pytest.raises(NoSuchDomain):
        house.read(list_accounts, Domain("elsewhere.example"))


def test_a_removed_account_leaves_nothing_and_its_number_is_never_used_again(house) -> None:
    account_id = house.write(add_account, ADA, None, Role.USER, NOW)
    house.write(add_application_password, account_id, "phone", bytes(32), NOW)
    assert house.write(remove_account, ADA, NOW) == account_id
    assert house.read(find_account, ADA) is None
    for table in ("account", "address", "application_password"):
        assert house.rows(f"SELECT * FROM {table}") == []
    assert house.write(add_account, ADA, None, Role.USER, NOW) > account_id
    with pytest.raises(NoSuchAccount):
        house.read(account_by_id, account_id)
    with pytest.raises(NoSuchAccount, match=r"bob@example\.org"):
        house.write(remove_account, BOB, NOW)


def test_a_removed_account_is_taken_off_lists_but_no_alias_is_left_empty(house) -> None:
    """An alias that leads to nobody would refuse mail that it took yesterday: somebody must decide that."""
    for each in (ADA, BOB):
        house.write(add_account, each, None, Role.USER, NOW)
    everyone, only_ada = parse_address("all@example.org"), parse_address("a.lovelace@example.org")
    house.write(add_alias, everyone, (parse_address("ada+all@example.org"), BOB), NOW)
    house.write(add_alias, only_ada, (parse_address("ada+press@example.org"),), NOW)
    with pytest.raises(AddressInUse, match=r"a\.lovelace@example\.org: remove that first"):
        house.write(remove_account, ADA, NOW)
    assert len(house.read(show_alias, everyone).targets) == 2
    house.write(remove_account, BOB, NOW)
    assert house.read(show_alias, everyone).targets == (parse_address("ada+all@example.org"),)
