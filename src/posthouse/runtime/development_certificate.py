"""A certificate made by ourselves, for trying Posthouse out: `serve --dev` has TLS on every port from the first start.

Nobody but its maker trusts it. It is made once for a data directory and used again, so that a program that was told to
trust it goes on doing so.
"""

import os
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from posthouse.message.dates import Instant
from posthouse.runtime.tls import CertificateFiles

_DAYS: Final = 3_650                        # nobody renews it
_CLOCK_SKEW: Final = timedelta(days=1)      # a machine whose clock is behind still takes it


def development_certificate(directory: Path, domain: str, at: Instant) -> CertificateFiles:
    """The files of a certificate for a domain and this machine, made now if they are not in the directory yet.

    Made for another domain, or expired, they are made anew. Both are readable by their owner alone. Raises OSError.
    """
    files = CertificateFiles(directory / "development-certificate.pem", directory / "development-key.pem")
    now = datetime.fromtimestamp(at / 1e6, UTC)
    if not _is_usable(files, domain, now):
        key = ec.generate_private_key(ec.SECP256R1())
        _write(files.key, key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))  # fmt: skip
        _write(files.chain, _certificate(key, domain, now).public_bytes(serialization.Encoding.PEM))
    return files


def _is_usable(files: CertificateFiles, domain: str, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.chain.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):    # not there, or half written when the power went
        return False
    return (
        key.public_key() == certificate.public_key()
        and domain in names.get_values_for_type(x509.DNSName)
        and certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
    )


def _certificate(key: ec.EllipticCurvePrivateKey, domain: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Posthouse development")])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in (domain, f"mail.{domain}", "localhost")]
    names += [x509.IPAddress(IPv4Address("127.0.0.1")), x509.IPAddress(IPv6Address("::1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)    # it is its own root
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write(path: Path, octets: bytes) -> None:
    """Replace a file as a whole, readable by its owner alone from its first octet on."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
