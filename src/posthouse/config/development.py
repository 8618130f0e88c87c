"""`serve --dev`: settings for trying Posthouse out, made up once for a data directory and kept there.

A made-up domain (RFC 2606 2 reserves .example) with two accounts and one password, every door on an unprivileged port
of loopback. The keys are a file that only its owner reads, so that a restart on the same directory has the same.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from posthouse.config.settings import Config, DoorName, Listeners
from posthouse.message.address import Domain
from posthouse.runtime.chance import Chance
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.network import Endpoint
from posthouse.runtime.tls import CertificateFiles

KEYS_NAME: Final = "dev.json"
DOMAIN: Final = Domain("posthouse.example")
LOCAL_PARTS: Final = ("anna", "ben")
LOOPBACK: Final = "127.0.0.1"

DEVELOPMENT_PORTS: Final = {
    DoorName.SMTP: 2525,
    DoorName.SUBMISSION: 2587,
    DoorName.SUBMISSIONS: 2465,
    DoorName.IMAP: 2143,
    DoorName.IMAPS: 2993,
    DoorName.POP3: 2110,
    DoorName.POP3S: 2995,
}


class DevelopmentKeys(msgspec.Struct, frozen=True):
    """What was made up: a domain, its accounts, and the password of all of them."""

    domain: str
    accounts: tuple[str, ...]
    password: str

    def __repr__(self) -> str:
        return f"DevelopmentKeys({self.domain})"


def development_keys(directory: Path, domain: Domain | None, chance: Chance) -> DevelopmentKeys:
    """The keys kept in a data directory, made up now if there are none; another domain gets accounts of its own.

    Raises OSError, and ValueError when the file holds something else.
    """
    path = directory / KEYS_NAME
    kept = msgspec.json.decode(path.read_bytes(), type=DevelopmentKeys) if path.exists() else None
    wanted = domain.text if domain is not None else kept.domain if kept is not None else DOMAIN.text
    if kept is not None and kept.domain == wanted:
        return kept
    password = kept.password if kept is not None else chance.identifier()
    keys = DevelopmentKeys(wanted, tuple(f"{name}@{wanted}" for name in LOCAL_PARTS), password)
    _write(path, msgspec.json.encode(keys) + b"\n")
    return keys


def development_config(
    directory: Path, keys: DevelopmentKeys, certificate: CertificateFiles, ports: Mapping[DoorName, int]
) -> Config:
    """Every door on loopback. `ports`: those that were asked for; the others are the usual ones."""
    return replace(
        Config(),
        data_directory=directory,
        hostname=f"mail.{keys.domain}",
        listeners=development_listeners(ports),
        certificates=(certificate,),
        sessions=SessionLimits(loopback_is_limited=False),
    )


def development_listeners(ports: Mapping[DoorName, int]) -> Listeners:
    """Every door on a port of loopback."""
    wanted = DEVELOPMENT_PORTS | dict(ports)
    return {door: (Endpoint(LOOPBACK, port),) for door, port in wanted.items()}


def _write(path: Path, octets: bytes) -> None:
    """Replace the file as a whole, readable by its owner alone from its first octet on."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
