"""`serve --dev` makes its keys up once; whoever comes back to the directory finds the same (issue 4)."""

import stat
from pathlib import Path

import pytest

from posthouse.config import DoorName
from posthouse.config.development import (
    KEYS_NAME,
    DevelopmentKeys,
    development_config,
    development_keys,
    development_listeners,
)
from posthouse.message.address import Domain
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.network import Endpoint
from posthouse.runtime.tls import CertificateFiles

CERTIFICATE = CertificateFiles(Path("chain.pem"), Path("key.pem"))


def test_the_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    """A restart has the same domain, accounts and password."""
    made = development_keys(tmp_path, None, SystemChance())
    assert development_keys(tmp_path, None, SystemChance()) == made
    assert len(made.accounts) == 2
    assert all(account.endswith("@" + made.domain) for account in made.accounts)


def test_the_made_up_domain_can_be_nobodys(tmp_path: Path) -> None:
    """RFC 2606 2: .example is reserved, so no mail of a trial ever reaches anybody."""
    assert development_keys(tmp_path, None, SystemChance()).domain.endswith(".example")


def test_every_directory_has_a_password_of_its_own(tmp_path: Path) -> None:
    """A password known to all would be none, even on loopback: other users of the machine are there too."""
    (tmp_path / "other").mkdir()
    first = development_keys(tmp_path, None, SystemChance())
    second = development_keys(tmp_path / "other", None, SystemChance())
    assert first.password != second.password
    assert len(first.password) >= 16


def test_only_the_owner_reads_the_keys(tmp_path: Path) -> None:
    """Issue 4: kept there, 0600; and not shown by accident."""
    keys = development_keys(tmp_path, None, SystemChance())
    assert stat.S_IMODE((tmp_path / KEYS_NAME).stat().st_mode) == 0o600
    assert keys.password not in repr(keys)


def test_another_domain_keeps_the_password(tmp_path: Path) -> None:
    """--domain on a directory that has keys: the accounts are made in the domain that is asked for."""
    first = development_keys(tmp_path, None, SystemChance())
    second = development_keys(tmp_path, Domain("a.test"), SystemChance())
    assert second == DevelopmentKeys("a.test", ("anna@a.test", "ben@a.test"), first.password)
    assert development_keys(tmp_path, None, SystemChance()) == second


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b'{"domain":1}', b"\xff"])
def test_a_damaged_file_is_no_reason_to_make_others_up(tmp_path: Path, octets: bytes) -> None:
    """The old password would be lost without a word: whoever damaged it is told."""
    (tmp_path / KEYS_NAME).write_bytes(octets)
    with pytest.raises(ValueError, match=r".+"):
        development_keys(tmp_path, None, SystemChance())
    assert (tmp_path / KEYS_NAME).read_bytes() == octets


def test_only_loopback_is_served(tmp_path: Path) -> None:
    """Passwords may come in the clear there, so nobody else may reach it (issue 4)."""
    keys = development_keys(tmp_path, None, SystemChance())
    config = development_config(tmp_path, keys, CERTIFICATE, {DoorName.SMTP: 4025})
    assert {endpoint.ip for where in config.listeners.values() for endpoint in where} == {"127.0.0.1"}
    assert config.listeners == development_listeners({DoorName.SMTP: 4025})
    assert config.certificates == (CERTIFICATE,)
    assert not config.sessions.loopback_is_limited


def test_the_ports_are_the_promised_ones() -> None:
    """Issue 4: 2525 2587 2465 2143 2993 2110 2995; --port changes one."""
    usual = [where[0].port for where in development_listeners({}).values()]
    assert usual == [2525, 2587, 2465, 2143, 2993, 2110, 2995]
    assert development_listeners({DoorName.IMAP: 4143})[DoorName.IMAP] == (Endpoint("127.0.0.1", 4143),)
