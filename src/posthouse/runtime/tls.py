"""TLS for the doors: one context for the process, a certificate for each name, renewed without losing a session.

Serves TLS 1.2 and 1.3 (RFC 8996 forbids what is older) with forward secrecy and authenticated encryption only
(RFC 9325 4.2), and session tickets. The certificate is chosen by the name that the peer asks for (SNI, RFC 6066 3);
a peer that names none, or one that we do not have, gets the first: few mail servers check, and mail must flow.
"""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

# RFC 9325 4.2 for TLS 1.2, ECDSA first: a P-256 handshake costs 0.60 ms, RSA-2048 0.75. TLS 1.3 has its own list.
_CIPHERS: Final = "ECDHE+aECDSA+AESGCM:ECDHE+aECDSA+CHACHA20:ECDHE+aRSA+AESGCM:ECDHE+aRSA+CHACHA20"


class CertificateUnusable(Exception):
    """A certificate or its key cannot be served: the text names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A chain in PEM, the server's own certificate first, and the private key that belongs to it."""

    chain: Path
    key: Path


class Certificates:
    """Every certificate that this server can show.

    `context` is for the loop's `ssl=` and `start_tls`. It stays the same object over every `reload`, so that tickets
    given out before (their keys are the context's) still resume.
    """

    __slots__ = ("_by_name", "_files", "_first", "context")

    def __init__(self, files: tuple[CertificateFiles, ...]) -> None:
        """Load them; the first is for peers that name no other. Raises CertificateUnusable."""
        self._files = files
        self._first, self._by_name = _load_all(files)
        self.context = _server_context()
        self.context.sni_callback = self._choose

    def reload(self) -> None:
        """Read the files again, for handshakes from now on; sessions that stand keep what they have.

        Raises CertificateUnusable; then everything stays as it was.
        """
        self._first, self._by_name = _load_all(self._files)

    def _choose(self, handshake: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        """The context with the certificate for a name. Called by OpenSSL in each handshake, also where no name came."""
        handshake.context = _context_for(name, self._by_name) or self._first


def _context_for(name: str | None, by_name: Mapping[str, ssl.SSLContext]) -> ssl.SSLContext | None:
    if name is None:
        return None
    key = name.lower()
    return by_name.get(key) or by_name.get("*." + key.partition(".")[2])    # RFC 9525 6.3: one label, the leftmost


def _load_all(files: Iterable[CertificateFiles]) -> tuple[ssl.SSLContext, dict[str, ssl.SSLContext]]:
    """The first certificate's context, and all by each of their names. Raises CertificateUnusable."""
    contexts: list[ssl.SSLContext] = []
    by_name: dict[str, ssl.SSLContext] = {}
    for pair in files:
        context = _server_context()
        _load(context, pair)
        contexts.append(context)
        for name in _names(pair.chain):
            by_name.setdefault(name, context)    # the first that is named in the configuration wins
    if not contexts:
        raise CertificateUnusable("no certificate is configured: name a chain and a key")
    return contexts[0], by_name


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION
    return context


def _load(context: ssl.SSLContext, pair: CertificateFiles) -> None:
    def refuse_to_prompt() -> str:
        raise CertificateUnusable(f"{pair.key} has a passphrase; store the key without one, readable by us alone")

    try:
        context.load_cert_chain(pair.chain, pair.key, refuse_to_prompt)
    except ssl.SSLError as error:
        raise CertificateUnusable(
            f"{pair.chain} and {pair.key} cannot be served ({error.reason or error}); "
            "the chain must be PEM with the server's certificate first, and the key must belong to that certificate"
        ) from error
    except OSError as error:
        raise CertificateUnusable(
            f"{pair.chain} or {pair.key} cannot be read ({error.strerror}); check the paths and who may read them"
        ) from error


def _names(chain: Path) -> list[str]:
    """The DNS names of the first certificate in a chain, as A-labels in lower case. Raises CertificateUnusable."""
    try:
        certificate = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []    # still served to peers that ask for no name of ours
    except (OSError, ValueError) as error:
        raise CertificateUnusable(f"{chain} cannot be read as a certificate ({error})") from error
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]
