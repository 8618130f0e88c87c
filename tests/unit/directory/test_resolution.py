"""Where mail to an address goes: exact, +tag, aliases, the names that every domain has."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.domains import add_domain
from posthouse.directory.errors import NoSuchAccount
from posthouse.directory.expansion import ALIAS_DEPTH_MAX, EXPANSION_MAX, LocalTarget
from posthouse.directory.resolution import Resolution, Standing, addresses_of, resolve
from posthouse.directory.version import Occasion
from posthouse.message.address import POSTMASTER, Address, Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(5), "test")
ORG, NET = Domain("example.org"), Domain("example.net")
FRIEND = parse_address("Friend@Elsewhere.example")


def ours(local_part: str) -> Address:
    return Address(local_part, ORG)


@pytest.fixture
def house(engine):
    engine.write(add_domain, ORG, NOW)
    return engine


@pytest.fixture
def ada(house):
    return house.write(add_account, ours("ada"), None, Role.USER, NOW)


@pytest.fixture
def bob(house, ada):
    return house.write(add_account, ours("bob"), None, Role.USER, NOW)


def put_alias(tx: Transaction, address: Address, *targets: Address) -> None:
    """An alias as it may have come to stand: no check is made of where it leads."""
    tx.execute("INSERT INTO address VALUES (?, 1, NULL, ?)", (address.key, str(address)))
    for target in targets:
        base = target.key.partition("+")[0] + "@" + target.domain.key if "+" in target.key else target.key
        tx.execute("INSERT INTO alias_target VALUES (?, ?, ?)", (address.key, str(target), base))


def test_an_account_gets_its_mail_under_the_address_that_was_asked(house, ada) -> None:
    """RFC 5321 2.4: the local part is interpreted here alone; Delivered-To shows what the envelope said."""
    asked = parse_address("ADA@Example.ORG")
    found = house.read(resolve, asked)
    assert found == Resolution(Standing.DELIVERABLE, (LocalTarget(ada, asked),))
    assert found.exists
    assert found.domain_is_ours
    assert found.delivers_to(ada)


def test_an_unknown_name_in_our_domain_is_told_from_a_foreign_domain(house, ada) -> None:
    unknown = house.read(resolve, ours("nobody"))
    assert (unknown.standing, unknown.exists, unknown.domain_is_ours) == (Standing.UNKNOWN, False, True)
    foreign = house.read(resolve, FRIEND)
    assert (foreign.standing, foreign.exists, foreign.domain_is_ours) == (Standing.FOREIGN, False, False)
    assert foreign.remote == (FRIEND,)
    assert foreign.local == ()


def test_a_tag_leads_to_its_base_and_is_kept(house, ada) -> None:
    """RFC 5233 1: the tag is the user's own; it ends where the first plus stands."""
    asked = ours("ada+lists+python")
    assert house.read(resolve, asked).local == (LocalTarget(ada, asked),)
    assert house.read(resolve, ours("ada+")).local == (LocalTarget(ada, ours("ada+")),)


def test_a_plus_at_the_front_is_no_tag(house, ada) -> None:
    assert house.read(resolve, ours("+ada")).standing is Standing.UNKNOWN


def test_an_exact_address_goes_before_a_tag(house, ada) -> None:
    other = house.write(add_account, ours("ada+work"), None, Role.USER, NOW)
    assert house.read(resolve, ours("ada+work")).delivers_to(other)
    assert house.read(resolve, ours("ada+work+more")).delivers_to(ada)


def test_a_quoted_local_part_is_the_same_address(house, ada) -> None:
    """RFC 5321 4.1.2: quotes and backslashes are no part of the meaning."""
    assert house.read(resolve, parse_address(r'"a\da"@example.org')).delivers_to(ada)
    odd = parse_address('"John Q. @ Public"@example.org')
    account_id = house.write(add_account, odd, None, Role.USER, NOW)
    assert house.read(resolve, parse_address('"john q. @ public"@example.org')).delivers_to(account_id)
    assert house.read(addresses_of, account_id) == {"john q. @ public@example.org"}


def test_an_alias_leads_to_many_each_once(house, ada, bob) -> None:
    house.write(add_alias, ours("staff"), (ours("ada+staff"), ours("bob")), NOW)
    house.write(add_alias, ours("all"), (ours("staff"), ours("ada"), FRIEND), NOW)
    found = house.read(resolve, ours("All"))
    assert {each.account_id for each in found.local} == {ada, bob}
    assert len(found.local) == 2
    assert found.remote == (FRIEND,)


def test_an_alias_takes_tags_and_its_targets_keep_their_own(house, ada) -> None:
    house.write(add_alias, ours("sales"), (ours("ada+sales"),), NOW)
    assert house.read(resolve, ours("sales+north")).local == (LocalTarget(ada, ours("ada+sales")),)


def test_accounts_in_two_domains_are_two(house, ada) -> None:
    house.write(add_domain, NET, NOW)
    assert house.read(resolve, Address("ada", NET)).standing is Standing.UNKNOWN


@pytest.mark.parametrize("name", ["postmaster", "abuse", "PostMaster", "abuse+report"])
def test_every_domain_has_a_postmaster_and_an_abuse_desk(house, ada, bob, name: str) -> None:
    """RFC 5321 4.5.1, RFC 2142 4: the oldest account stands in until one has the role."""
    assert house.read(resolve, ours(name)).local == (LocalTarget(ada, ours(name)),)
    carol = house.write(add_account, ours("carol"), None, Role.POSTMASTER, NOW)
    house.write(add_account, ours("dora"), None, Role.POSTMASTER, NOW)
    assert house.read(resolve, ours(name)).local == (LocalTarget(carol, ours(name)),)


def test_whoever_bears_the_name_postmaster_gets_its_mail(house, ada, bob) -> None:
    house.write(add_alias, ours("postmaster"), (ours("bob"),), NOW)
    assert house.read(resolve, ours("postmaster")).local == (LocalTarget(bob, ours("bob")),)


def test_a_domain_without_accounts_has_nobody_yet_to_read_postmasters_mail(house) -> None:
    """The address must exist (RFC 5321 4.5.1), so the mail is to be deferred, not refused."""
    for name in ("postmaster", "abuse"):
        found = house.read(resolve, ours(name))
        assert found == Resolution(Standing.UNATTENDED)
        assert found.exists


def test_postmaster_without_a_domain_is_the_oldest_domains(house, ada) -> None:
    """RFC 5321 4.5.1, 2.3.5."""
    house.write(add_domain, NET, NOW)
    house.write(add_account, Address("zoe", NET), None, Role.POSTMASTER, NOW)
    assert house.read(resolve, POSTMASTER).local == (LocalTarget(ada, ours("postmaster")),)


def test_a_house_without_domains_has_no_postmaster(engine) -> None:
    assert engine.read(resolve, POSTMASTER).standing is Standing.UNATTENDED


def test_a_loop_that_got_in_all_the_same_reaches_who_is_outside_it(house, ada) -> None:
    house.write(put_alias, ours("a"), ours("b"))
    house.write(put_alias, ours("b"), ours("a"))
    assert house.read(resolve, ours("a")) == Resolution(Standing.LOOPING)
    house.write(put_alias, ours("c"), ours("a"), ours("ada"), ours("c"))
    assert house.read(resolve, ours("c")).local == (LocalTarget(ada, ours("ada")),)


def test_what_is_too_deep_or_too_wide_is_not_delivered_in_part(house, ada) -> None:
    """DESIGN 1.6: everything has a limit; refuse clearly at the limit."""
    house.write(put_alias, ours("link0"), ours("ada"))
    for number in range(1, ALIAS_DEPTH_MAX + 1):
        house.write(put_alias, ours(f"link{number}"), ours(f"link{number - 1}"), FRIEND)
    assert house.read(resolve, ours(f"link{ALIAS_DEPTH_MAX - 1}")).standing is Standing.DELIVERABLE
    assert house.read(resolve, ours(f"link{ALIAS_DEPTH_MAX}")) == Resolution(Standing.TOO_DEEP)
    many = [parse_address(f"p{n}@elsewhere.example") for n in range(EXPANSION_MAX + 1)]
    house.write(put_alias, ours("wide"), *many)
    assert house.read(resolve, ours("wide")) == Resolution(Standing.TOO_WIDE)


def test_an_alias_all_of_whose_targets_are_gone_leads_to_nobody(house, ada) -> None:
    house.write(put_alias, ours("old"), ours("gone"))
    assert house.read(resolve, ours("old")).standing is Standing.UNKNOWN


def test_an_account_has_its_own_address_and_the_aliases_that_lead_to_it(house, ada, bob) -> None:
    """policy/identity: an account may write as exactly those whose mail comes to it."""
    house.write(add_alias, ours("staff"), (ours("ada+staff"), ours("bob")), NOW)
    house.write(add_alias, ours("all"), (ours("staff"), FRIEND), NOW)
    house.write(add_alias, ours("hotline"), (ours("abuse"),), NOW)
    house.write(add_alias, ours("ada+x"), (ours("bob"),), NOW)
    house.write(add_alias, ours("x-files"), (ours("ada+x"),), NOW)
    for_ada = {"ada", "staff", "all", "postmaster", "abuse", "hotline"}
    assert house.read(addresses_of, ada) == {f"{each}@example.org" for each in for_ada}
    for_bob = {"bob", "staff", "all", "ada+x", "x-files"}
    assert house.read(addresses_of, bob) == {f"{each}@example.org" for each in for_bob}


def test_addresses_of_an_account_that_is_gone_are_not_asked_for(house) -> None:
    with pytest.raises(NoSuchAccount):
        house.read(addresses_of, 99)


NAMES = ["a", "b", "c", "d", "e", "f"]
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from([*NAMES, "ada", "bob", "gone"]), min_size=1))


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """An independent model: the transitive closure, by Warshall's method on sets of pairs."""
    nodes = {*graph, *(each for targets in graph.values() for each in targets), start}
    reaches = {node: set(graph.get(node, ())) | {node} for node in nodes}
    for middle in nodes:
        for node in nodes:
            if middle in reaches[node]:
                reaches[node] |= reaches[middle]
    return reaches[start]


@given(graph=GRAPHS, start=st.sampled_from(NAMES))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_an_address_leads_to_exactly_the_accounts_that_can_be_reached(house, ada, bob, graph, start) -> None:
    """Whatever graph of aliases stands there, loops included: the closure, and the same seen from its end."""

    class Undone(Exception):
        pass

    def scenario(tx: Transaction) -> None:
        for name, targets in graph.items():
            put_alias(tx, ours(name), *map(ours, targets))
        expected = {"ada": ada, "bob": bob}
        found = resolve(tx, ours(start))
        assert {each.account_id for each in found.local} == {
            expected[name] for name in reachable(graph, start) if name in expected
        }
        assert found.exists == bool(found.local) or found.standing is Standing.LOOPING
        for name, account_id in expected.items():
            leading = {each for each in graph if name in reachable(graph, each)}
            standing_in = {"postmaster", "abuse"} if name == "ada" else set()
            assert addresses_of(tx, account_id) == {f"{each}@example.org" for each in leading | {name} | standing_in}
        raise Undone

    with pytest.raises(Undone):
        house.write(scenario)
