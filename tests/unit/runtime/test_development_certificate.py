"""The certificate that `serve --dev` makes for itself (`runtime.development_certificate`)."""

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from posthouse.message.dates import Instant
from posthouse.runtime.development_certificate import development_certificate
from posthouse.runtime.tls import Certificates

NOW = Instant(1_795_536_224_000_000)    # 2026-11-24


def certificate_in(directory: Path, domain: str = "example.org", at: Instant = NOW) -> x509.Certificate:
    return x509.load_pem_x509_certificate(development_certificate(directory, domain, at).chain.read_bytes())


def test_it_names_the_domain_and_this_machine(tmp_path: Path) -> None:
    names = certificate_in(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"example.org", "localhost"} <= set(names.get_values_for_type(x509.DNSName))
    assert ip_address("127.0.0.1") in names.get_values_for_type(x509.IPAddress)


def test_it_is_of_the_quickest_kind(tmp_path: Path) -> None:
    """STACK: a handshake costs 0.60 ms with P-256, 0.75 with RSA-2048."""
    key = certificate_in(tmp_path).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_it_can_be_served(tmp_path: Path) -> None:
    Certificates((development_certificate(tmp_path, "example.org", NOW),))


def test_it_is_made_once_and_used_again(tmp_path: Path) -> None:
    """Issue 4: a restart has the same, so that a program told to trust it goes on doing so."""
    assert certificate_in(tmp_path) == certificate_in(tmp_path)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    files = development_certificate(tmp_path, "example.org", NOW)
    assert {stat.S_IMODE(file.stat().st_mode) for file in (files.chain, files.key)} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_another_domain_gets_another(tmp_path: Path) -> None:
    first = certificate_in(tmp_path)
    other = certificate_in(tmp_path, "example.net")
    assert first != other
    names = other.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "example.net" in names.get_values_for_type(x509.DNSName)


def test_one_that_has_expired_is_made_anew(tmp_path: Path) -> None:
    first = certificate_in(tmp_path)
    later = datetime.fromtimestamp(NOW / 1e6, UTC) + timedelta(days=11 * 365)
    assert certificate_in(tmp_path, at=Instant(int(later.timestamp() * 1e6))) != first


@pytest.mark.parametrize("harm", ["chain", "key", "other key"])
def test_one_that_is_harmed_is_made_anew(tmp_path: Path, harm: str) -> None:
    """The power may have gone between the two files."""
    files = development_certificate(tmp_path, "example.org", NOW)
    if harm == "other key":
        (tmp_path / "elsewhere").mkdir()
        development_certificate(tmp_path / "elsewhere", "example.org", NOW).key.replace(files.key)
    else:
        (files.chain if harm == "chain" else files.key).write_bytes(b"half writ")
    Certificates((development_certificate(tmp_path, "example.org", NOW),))
