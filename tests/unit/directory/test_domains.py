"""Domains are kept as given and compared by their key; one that is in use stays."""

import pytest

from posthouse.directory.accounts import Role, add_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.domains import add_domain, find_domain, first_domain, list_domains, remove_domain
from posthouse.directory.errors import DomainInUse, DomainTaken, DomainUnfit, NoSuchDomain
from posthouse.directory.version import Occasion
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(1_000_000), "test")


def test_a_domain_is_found_by_its_key_and_shown_as_given(engine) -> None:
    """DESIGN 5: addresses compare by key, domain as lower-case A-label; kept as given."""
    engine.write(add_domain, Domain("Bücher.Example"), NOW)
    found = engine.read(find_domain, "xn--bcher-kva.example")
    assert found is not None
    assert str(found.domain) == "Bücher.Example"
    assert found.created_at == NOW.at
    assert engine.read(find_domain, "example") is None


def test_a_domain_is_taken_in_once(engine) -> None:
    engine.write(add_domain, Domain("example.org"), NOW)
    with pytest.raises(DomainTaken, match="already"):
        engine.write(add_domain, Domain("EXAMPLE.org"), NOW)


def test_an_address_literal_is_no_domain_to_keep_accounts_in(engine) -> None:
    with pytest.raises(DomainUnfit):
        engine.write(add_domain, Domain("[127.0.0.1]"), NOW)


def test_domains_are_listed_oldest_first_and_page_by_page(engine) -> None:
    names = ["b.example", "a.example", "c.example"]
    for name in names:
        engine.write(add_domain, Domain(name), NOW)
    listed = engine.read(list_domains)
    assert [str(each.domain) for each in listed] == names
    assert engine.read(list_domains, listed[0].domain_id) == listed[1:]
    assert engine.read(first_domain) == listed[0]


def test_a_domain_in_use_stays_and_the_error_says_how_much_stands_in_it(engine) -> None:
    """A user must know what to do next: remove so many accounts and aliases."""
    domain = Domain("example.org")
    engine.write(add_domain, domain, NOW)
    engine.write(add_domain, Domain("example.net"), NOW)
    engine.write(add_account, parse_address("ada@example.org"), None, Role.USER, NOW)
    engine.write(add_account, parse_address("bob@example.net"), None, Role.USER, NOW)
    for name in ("sales", "info"):
        engine.write(add_alias, parse_address(f"{name}@example.org"), (parse_address("ada@example.org"),), NOW)
    with pytest.raises(DomainInUse, match="1 account and 2 aliases: remove them first"):
        engine.write(remove_domain, domain, NOW)
    assert engine.read(find_domain, "example.org") is not None


def test_a_domain_without_accounts_can_go_and_come_again(engine) -> None:
    engine.write(add_domain, Domain("example.org"), NOW)
    engine.write(remove_domain, Domain("Example.ORG"), NOW)
    assert engine.read(list_domains) == []
    assert engine.read(first_domain) is None
    with pytest.raises(NoSuchDomain):
        engine.write(remove_domain, Domain("example.org"), NOW)
    engine.write(add_domain, Domain("example.org"), NOW)
