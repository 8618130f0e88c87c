"""Every change of the directory raises its version, is announced, and leaves a row in the audit."""

from collections.abc import Callable, Hashable

import msgspec
import pytest

from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Role, add_account, remove_account
from posthouse.directory.aliases import add_alias, remove_alias
from posthouse.directory.credentials import add_application_password, remove_application_password, set_password
from posthouse.directory.domains import add_domain, remove_domain
from posthouse.directory.errors import DirectoryError
from posthouse.directory.version import DIRECTORY_TOPIC, LOGINS_TOPIC, Occasion, version
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(1_732_000_000_000_000), "root")
ADA, TEAM = parse_address("ada@example.org"), parse_address("team@example.org")
ORG = Domain("example.org")
SECRET, DIGEST = "$argon2id$secret", b"\x07" * 32

LIFE: list[tuple[str, str, Callable[[Transaction], object]]] = [
    ("domain-added", "example.org", lambda tx: add_domain(tx, ORG, NOW)),
    ("account-added", "ada@example.org", lambda tx: add_account(tx, ADA, SECRET, Role.USER, NOW)),
    ("alias-added", "team@example.org", lambda tx: add_alias(tx, TEAM, (ADA,), NOW)),
    ("password-set", "ada@example.org", lambda tx: set_password(tx, 1, SECRET, NOW)),
    ("password-removed", "ada@example.org", lambda tx: set_password(tx, 1, None, NOW)),
    (
        "application-password-added",
        "ada@example.org",
        lambda tx: add_application_password(tx, 1, "phone", DIGEST, NOW),
    ),
    ("application-password-removed", "ada@example.org", lambda tx: remove_application_password(tx, 1, "phone", NOW)),
    ("alias-removed", "team@example.org", lambda tx: remove_alias(tx, TEAM, NOW)),
    ("account-removed", "ada@example.org", lambda tx: remove_account(tx, ADA, NOW)),
    ("domain-removed", "example.org", lambda tx: remove_domain(tx, ORG, NOW)),
]


def test_each_change_raises_the_version_is_announced_and_audited(engine) -> None:
    """DESIGN 5: an audit row for each administrative change; each directory write raises directory_version."""
    heard: list[set[Hashable]] = []
    engine.database.listen(heard.append)
    versions = [engine.read(version)]
    for _, _, change in LIFE:
        engine.write(change)
        versions.append(engine.read(version))
    assert versions == sorted(set(versions))
    assert [DIRECTORY_TOPIC in topics for topics in heard] == [True] * len(LIFE)
    ended = [action for topics, (action, _, _) in zip(heard, LIFE, strict=True) if (LOGINS_TOPIC, 1) in topics]
    assert set(ended) == {
        "password-set", "password-removed", "application-password-removed", "account-removed"
    }, "whose sessions end"  # fmt: skip
    rows = engine.rows("SELECT at, actor, action, subject FROM audit ORDER BY audit_id")
    assert rows == [(NOW.at, "root", action, subject) for action, subject, _ in LIFE]


def test_the_audit_holds_no_secrets(engine) -> None:
    """DESIGN 7: secrets cannot be put in; hashes of passwords are secrets too."""
    for _, _, change in LIFE:
        engine.write(change)
    for (body,) in engine.rows("SELECT body FROM audit"):
        assert SECRET.encode() not in body
        assert DIGEST not in body
        assert DIGEST.hex().encode() not in body
        assert isinstance(msgspec.json.decode(body), dict)


def test_a_refused_change_leaves_no_trace(engine) -> None:
    engine.write(add_domain, ORG, NOW)
    before = engine.read(version)
    refused = [
        lambda tx: add_domain(tx, ORG, NOW),
        lambda tx: add_account(tx, parse_address("ada@elsewhere.example"), None, Role.USER, NOW),
        lambda tx: add_alias(tx, TEAM, (TEAM,), NOW),
        lambda tx: set_password(tx, 1, None, NOW),
        lambda tx: remove_account(tx, ADA, NOW),
    ]
    for change in refused:
        with pytest.raises(DirectoryError):
            engine.write(change)
    assert engine.read(version) == before
    assert len(engine.rows("SELECT * FROM audit")) == 1
