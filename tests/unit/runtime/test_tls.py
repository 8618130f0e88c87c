"""Certificates by name, and what TLS we speak (`runtime.tls`): real handshakes, in memory."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from posthouse.runtime.tls import CertificateFiles, Certificates, CertificateUnusable

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = datetime.timedelta(days=1)


def make(
    directory: Path, label: str, *names: str, key: Key | None = None, passphrase: bytes | None = None
) -> CertificateFiles:
    """A self-made certificate whose subject is the label."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)
    )  # fmt: skip
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    files = CertificateFiles(directory / f"{label}.pem", directory / f"{label}.key")
    files.chain.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return files


def client_context(**options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(context, name, value)
    return context


def shake_hands(
    certificates: Certificates, name: str | None, client: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> ssl.SSLObject:
    """Both sides of a handshake in memory; the client's, after it has read something."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name, session=session)
    ours = certificates.context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    ours.write(b"hello")
    assert theirs.read(5) == b"hello"    # TLS 1.3 brings its tickets after the handshake, before this
    return theirs


def label_shown(certificates: Certificates, name: str | None, **options: object) -> str:
    """The subject of the certificate that a peer is shown who asks for a name."""
    der = shake_hands(certificates, name, client_context(**options)).getpeercert(binary_form=True)
    assert der is not None
    subject = x509.load_der_x509_certificate(der).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


@pytest.fixture
def three(tmp_path: Path) -> Certificates:
    return Certificates((
        make(tmp_path, "first", "mail.example.org"),
        make(tmp_path, "second", "mail.example.net", "imap.example.net"),
        make(tmp_path, "wild", "*.example.com"),
    ))  # fmt: skip


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("mail.example.org", "first"),
        ("mail.example.net", "second"),
        ("imap.example.net", "second"),
        ("IMAP.Example.NET", "second"),
        ("smtp.example.com", "wild"),
        ("a.b.example.com", "first"),
        ("example.com", "first"),
        ("nobody.example", "first"),
        (None, "first"),
    ],
)
def test_the_name_that_a_peer_asks_for_chooses_the_certificate(
    three: Certificates, name: str | None, label: str, version: ssl.TLSVersion
) -> None:
    """RFC 6066 3; a wildcard stands for one label (RFC 9525 6.3); whoever asks for none of ours sees the first."""
    assert label_shown(three, name, maximum_version=version) == label


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(three: Certificates) -> None:
    """RFC 8996: TLS 1.0 and 1.1 must not be negotiated."""
    old = client_context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        shake_hands(three, None, old)


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "AES256-SHA"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(three: Certificates, cipher: str) -> None:
    """RFC 9325 4.1, 4.2."""
    client = client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
    client.set_ciphers(cipher)
    with pytest.raises(ssl.SSLError):
        shake_hands(three, None, client)


def test_rsa_keys_are_served_too(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    certificates = Certificates((make(tmp_path, "rsa", "mail.example.org", key=key),))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert label_shown(certificates, "mail.example.org", maximum_version=version) == "rsa"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume_even_over_a_reload(three: Certificates, version: ssl.TLSVersion) -> None:
    """Tickets (RFC 5077, RFC 8446 2.2) spare most of a handshake's cost; their keys outlive new certificates."""
    client = client_context(maximum_version=version)
    first = shake_hands(three, "mail.example.org", client)
    assert not first.session_reused
    three.reload()
    again = shake_hands(three, "mail.example.org", client, first.session)
    assert again.session_reused


def test_a_reload_shows_new_certificates_to_new_handshakes(tmp_path: Path) -> None:
    """SIGHUP: the context stays the same object, so listeners and sessions notice nothing."""
    old = make(tmp_path, "old", "mail.example.org")
    certificates = Certificates((old,))
    context = certificates.context
    new = make(tmp_path, "new", "mail.example.org")
    new.chain.replace(old.chain)
    new.key.replace(old.key)
    assert label_shown(certificates, "mail.example.org") == "old"
    certificates.reload()
    assert label_shown(certificates, "mail.example.org") == "new"
    assert certificates.context is context


def test_a_reload_that_fails_changes_nothing(tmp_path: Path) -> None:
    """A half-written renewal must not take a server's certificate away."""
    files = make(tmp_path, "old", "mail.example.org")
    certificates = Certificates((files,))
    files.chain.write_bytes(b"half writ")
    with pytest.raises(CertificateUnusable):
        certificates.reload()
    assert label_shown(certificates, "mail.example.org") == "old"


def test_the_first_of_two_certificates_for_a_name_is_shown(tmp_path: Path) -> None:
    pairs = (make(tmp_path, "one", "mail.example.org"), make(tmp_path, "two", "mail.example.org"))
    assert label_shown(Certificates(pairs), "mail.example.org") == "one"


def test_a_certificate_without_names_is_shown_to_who_asks_for_none(tmp_path: Path) -> None:
    assert label_shown(Certificates((make(tmp_path, "nameless"),)), None) == "nameless"


def fault(*files: CertificateFiles) -> str:
    with pytest.raises(CertificateUnusable) as told:
        Certificates(files)
    return str(told.value)


def test_each_fault_is_named_with_its_file_and_what_to_do(tmp_path: Path) -> None:
    """DESIGN 8: refuse to start, and say how to mend it."""
    good, other = make(tmp_path, "good", "mail.example.org"), make(tmp_path, "other", "mail.example.org")
    missing, garbage = tmp_path / "missing.pem", tmp_path / "garbage.pem"
    garbage.write_bytes(b"no certificate\n")
    assert "check the paths" in fault(CertificateFiles(missing, good.key))
    assert str(garbage) in fault(CertificateFiles(garbage, good.key))
    assert "must belong to that certificate" in fault(CertificateFiles(good.chain, other.key))
    assert "no certificate is configured" in fault()


def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    """A server that waits at a prompt after a power cut is a server that is down."""
    files = make(tmp_path, "locked", "mail.example.org", passphrase=b"secret")
    assert "passphrase" in fault(files)
