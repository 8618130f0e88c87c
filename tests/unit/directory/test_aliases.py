"""Aliases: one to many, here and elsewhere; a mistake is refused when it is made."""

import pytest

from posthouse.directory.accounts import Role, add_account, remove_account
from posthouse.directory.aliases import add_alias, list_aliases, remove_alias, show_alias
from posthouse.directory.domains import add_domain
from posthouse.directory.errors import (
    AddressInUse,
    AliasLoop,
    AliasTooDeep,
    AliasTooWide,
    AliasWithoutTarget,
    NoSuchAlias,
    NoSuchDomain,
    NoSuchTarget,
)
from posthouse.directory.expansion import ALIAS_DEPTH_MAX, EXPANSION_MAX
from posthouse.directory.version import Occasion
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(5), "test")
ADA = parse_address("ada@example.org")
FRIEND = parse_address("Friend@Elsewhere.example")


def ours(local_part: str):
    return parse_address(f"{local_part}@example.org")


@pytest.fixture
def house(engine):
    engine.write(add_domain, Domain("example.org"), NOW)
    engine.write(add_account, ADA, None, Role.USER, NOW)
    return engine


def test_an_alias_stands_for_many_here_and_elsewhere(house) -> None:
    house.write(add_alias, ours("Team"), (FRIEND, ADA), NOW)
    shown = house.read(show_alias, ours("team"))
    assert str(shown.address) == "Team@example.org"
    assert set(shown.targets) == {FRIEND, ADA}
    assert house.read(list_aliases) == [shown]


def test_an_alias_needs_a_domain_of_ours(house) -> None:
    with pytest.raises(NoSuchDomain):
        house.write(add_alias, FRIEND, (ADA,), NOW)


def test_an_alias_needs_a_target(house) -> None:
    with pytest.raises(AliasWithoutTarget):
        house.write(add_alias, ours("nobody"), (), NOW)


def test_a_target_of_ours_must_be_somebodys(house) -> None:
    """A typing mistake is found now, not by the first letter that is lost."""
    with pytest.raises(NoSuchTarget, match=r"adda@example\.org"):
        house.write(add_alias, ours("team"), (ADA, ours("adda")), NOW)
    assert house.read(list_aliases) == []


def test_a_target_counts_once_however_it_is_written(house) -> None:
    """Ours compare by key; elsewhere the case of a local part may matter (RFC 5321 2.4)."""
    targets = (ADA, parse_address("ADA@Example.org"), FRIEND, parse_address("friend@elsewhere.example"))
    house.write(add_alias, ours("team"), targets, NOW)
    assert {str(each) for each in house.read(show_alias, ours("team")).targets} == {
        "ada@example.org", "Friend@Elsewhere.example", "friend@elsewhere.example",
    }  # fmt: skip


def test_aliases_are_listed_by_domain_and_page_by_page(house) -> None:
    house.write(add_domain, Domain("example.net"), NOW)
    for each in ("b@example.org", "a@example.net", "c@example.org"):
        house.write(add_alias, parse_address(each), (ADA,), NOW)

    def names(*arguments: object) -> list[str]:
        return [str(each.address) for each in house.read(list_aliases, *arguments)]

    assert names() == ["a@example.net", "b@example.org", "c@example.org"]
    assert names(None, parse_address("b@example.org")) == ["c@example.org"]
    assert names(Domain("example.org")) == ["b@example.org", "c@example.org"]


def test_an_alias_may_not_stand_for_itself(house) -> None:
    with pytest.raises(AliasLoop):
        house.write(add_alias, ours("team"), (ADA, ours("team")), NOW)
    with pytest.raises(AliasLoop):
        house.write(add_alias, ours("team"), (ours("team+again"),), NOW)


def test_a_loop_through_others_is_refused(house) -> None:
    """The only way to make one: an address that a +tag led away from until now gets an alias of its own."""
    house.write(add_alias, ours("sales"), (ours("ada+sales"),), NOW)
    with pytest.raises(AliasLoop):
        house.write(add_alias, ours("ada+sales"), (ours("sales"),), NOW)
    house.write(add_alias, ours("sales+north"), (ours("sales"),), NOW)


def test_a_name_that_every_domain_has_may_be_an_alias_but_not_of_itself(house) -> None:
    """Once postmaster is an alias nobody stands in for it any more."""
    with pytest.raises(AliasLoop):
        house.write(add_alias, ours("postmaster"), (ours("postmaster+mail"),), NOW)
    house.write(add_alias, ours("postmaster"), (ours("abuse"), FRIEND), NOW)


def test_a_chain_has_a_limit(house) -> None:
    house.write(add_alias, ours("link1"), (ADA,), NOW)
    for number in range(2, ALIAS_DEPTH_MAX + 1):
        house.write(add_alias, ours(f"link{number}"), (ours(f"link{number - 1}"),), NOW)
    with pytest.raises(AliasTooDeep):
        house.write(add_alias, ours("longer"), (ours(f"link{ALIAS_DEPTH_MAX}"),), NOW)


def test_the_fan_out_has_a_limit_also_through_others(house) -> None:
    elsewhere = tuple(parse_address(f"p{n}@elsewhere.example") for n in range(EXPANSION_MAX + 1))
    with pytest.raises(AliasTooWide, match="1001"):
        house.write(add_alias, ours("everybody"), elsewhere, NOW)
    house.write(add_alias, ours("left"), elsewhere[:600], NOW)
    house.write(add_alias, ours("right"), elsewhere[600:], NOW)
    with pytest.raises(AliasTooWide):
        house.write(add_alias, ours("both"), (ours("left"), ours("right")), NOW)


def test_a_removed_alias_is_taken_off_others_but_none_is_left_empty(house) -> None:
    house.write(add_alias, ours("sales"), (ADA,), NOW)
    house.write(add_alias, ours("all"), (ours("sales"), FRIEND), NOW)
    house.write(add_alias, ours("shop"), (ours("sales"),), NOW)
    with pytest.raises(AddressInUse, match=r"shop@example\.org"):
        house.write(remove_alias, ours("sales"), NOW)
    house.write(remove_alias, ours("shop"), NOW)
    house.write(remove_alias, ours("SALES"), NOW)
    assert house.read(show_alias, ours("all")).targets == (FRIEND,)
    with pytest.raises(NoSuchAlias):
        house.read(show_alias, ours("sales"))


def test_an_account_is_no_alias(house) -> None:
    with pytest.raises(NoSuchAlias):
        house.write(remove_alias, ADA, NOW)


def test_removing_a_tagged_account_leaves_targets_that_only_share_its_name(house) -> None:
    """ada+work@ is somebody else than ada@ once it has an account of its own."""
    house.write(add_account, ours("ada+work"), None, Role.USER, NOW)
    house.write(add_alias, ours("all"), (ADA, ours("ada+work"), ours("ada+home")), NOW)
    house.write(remove_account, ours("ada+work"), NOW)
    assert set(house.read(show_alias, ours("all")).targets) == {ADA, ours("ada+home")}
