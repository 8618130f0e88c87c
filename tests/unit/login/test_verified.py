"""Digests and what is known by them: nothing can be read out of them, and no two logins share one."""

from posthouse.database.identifiers import AccountId
from posthouse.directory.credentials import CredentialVersion, StoredCredentials
from posthouse.login.verified import Digests, VerifiedLogins
from posthouse.message.address import parse_address
from posthouse.runtime.chance import SystemChance


def stored(number: int, version: int) -> StoredCredentials:
    return StoredCredentials(AccountId(number), parse_address("ada@example.org"), None, CredentialVersion(version))


def test_every_fact_makes_another_digest() -> None:
    """Account, version, name and password; none can be moved into another's place."""
    digests = Digests(SystemChance())
    made = [
        digests.of("ada@example.org", stored(1, 1), "p"),
        digests.of("ada@example.org", stored(2, 1), "p"),
        digests.of("ada@example.org", stored(1, 2), "p"),
        digests.of("grace@example.org", stored(1, 1), "p"),
        digests.of("ada@example.org", stored(1, 1), "q"),
        digests.of("ada@example.org", stored(11, 1), "p"),
        digests.of("ada@example.org", stored(1, 11), "p"),
        digests.of("ada@example.org", None, "p"),
        digests.of("nobody@example.org", None, "p"),
    ]
    assert len(set(made)) == len(made)
    assert made[0] == digests.of("ada@example.org", stored(1, 1), "p")


def test_another_process_makes_other_digests() -> None:
    """The key dies with the process: what leaks from one is no list to try passwords against."""
    one, other = Digests(SystemChance()), Digests(SystemChance())
    assert one.of("ada@example.org", stored(1, 1), "p") != other.of("ada@example.org", stored(1, 1), "p")


def test_only_what_was_added_is_known() -> None:
    verified = VerifiedLogins()
    verified.add(b"a")
    assert b"a" in verified
    assert b"b" not in verified


def test_the_login_not_used_for_longest_is_forgotten_first() -> None:
    verified = VerifiedLogins(digests_max=2)
    verified.add(b"a")
    verified.add(b"b")
    assert b"a" in verified
    verified.add(b"c")
    assert [digest in verified for digest in (b"a", b"b", b"c")] == [True, False, True]
