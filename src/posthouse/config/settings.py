"""What can be set, and where each setting goes. The defaults and their sources stand beside the code they govern."""

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from posthouse.config.faults import ConfigError, Fault
from posthouse.config.lines import Lines
from posthouse.config.lines import Path as KeyPath
from posthouse.config.reading import Raw, Reader
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.message.address import AddressSyntaxError, Domain
from posthouse.policy.rates import ThrottleLimits
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.network import Endpoint
from posthouse.runtime.tls import CertificateFiles

FILE_OCTETS_MAX: Final = 1 << 20      # a file of all settings is a few thousand
DATA_DIRECTORY: Final = Path("/var/lib/posthouse")
EVERYWHERE: Final = ("0.0.0.0", "::")


class DoorName(StrEnum):
    """The doors that a listener can lead to."""

    SMTP = "smtp"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    IMAP = "imap"
    IMAPS = "imaps"
    POP3 = "pop3"
    POP3S = "pop3s"


PORTS: Final = {                      # IANA's service names; RFC 5321, 6409, 8314, 3501, 1939
    DoorName.SMTP: 25,
    DoorName.SUBMISSION: 587,
    DoorName.SUBMISSIONS: 465,
    DoorName.IMAP: 143,
    DoorName.IMAPS: 993,
    DoorName.POP3: 110,
    DoorName.POP3S: 995,
}

Listeners = Mapping[DoorName, tuple[Endpoint, ...]]

_SMTP_KEYS: Final = ("message_size_octets_max", "recipients_max", "bad_commands_max", "idle_commands_max")
_SESSION_KEYS: Final = ("sessions_max", "sessions_per_network_max")
_LOGIN_KEYS: Final = (
    "delay_first_seconds", "delay_max_seconds", "failures_max", "shut_out_seconds", "forget_after_seconds",
)  # fmt: skip
_ENGINE_KEYS: Final = ("log_octets", "cache_octets")
_SECTIONS: Final = ("hostname", "data_directory", "listeners", "tls", "engine", "sessions", "login", "smtp")


def _everywhere() -> Listeners:
    return {door: tuple(Endpoint(ip, port) for ip in EVERYWHERE) for door, port in PORTS.items()}


@dataclass(frozen=True, slots=True)
class Config:
    """All that a server is told. `hostname` empty: the machine's own name. No certificate: a self-made one."""

    data_directory: Path = DATA_DIRECTORY
    hostname: str = ""
    listeners: Listeners = field(default_factory=_everywhere)
    certificates: tuple[CertificateFiles, ...] = ()
    engine: SqliteSettings = field(default_factory=SqliteSettings)
    sessions: SessionLimits = field(default_factory=SessionLimits)
    login: ThrottleLimits = field(default_factory=ThrottleLimits)
    smtp: ServerSettings = field(default_factory=lambda: ServerSettings(hostname=""))


def default_config() -> Config:
    """The settings without any file."""
    return Config()


def load_config(path: Path) -> Config:
    """Read a settings file. Raises ConfigError with every fault of it."""
    text = _read(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, (Fault(_line_of(error), "the file", f"it is no TOML: {error}"),)) from error
    reader = Reader(Lines(text), path.absolute().parent)
    config = _assemble(reader, tables)
    if reader.faults:
        raise ConfigError(path, tuple(reader.faults))
    return config


def _read(path: Path) -> str:
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, (Fault(1, "the file", f"it cannot be read: {error.strerror}"),)) from error
    if len(octets) > FILE_OCTETS_MAX:
        raise ConfigError(path, (Fault(1, "the file", f"it is longer than {FILE_OCTETS_MAX} octets"),))
    try:
        return octets.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, (Fault(line, "the file", "it is not UTF-8: save it as that"),)) from error


def _line_of(error: tomllib.TOMLDecodeError) -> int:
    """tomllib says the line only in its text: "... (at line 3, column 5)"."""
    _, found, rest = str(error).rpartition("(at line ")
    number = rest.partition(",")[0]
    return int(number) if found and number.isdigit() else 1


def _assemble(reader: Reader, tables: Raw) -> Config:
    given = reader.table(tables, (), _SECTIONS)
    base = Config()
    return Config(
        data_directory=_data_directory(reader, given.get("data_directory", str(base.data_directory))),
        hostname=_hostname(reader, given.get("hostname", "")),
        listeners=_listeners(reader, given["listeners"]) if "listeners" in given else base.listeners,
        certificates=_certificates(reader, given.get("tls", {})),
        engine=reader.settings(given.get("engine", {}), ("engine",), base.engine, _ENGINE_KEYS),
        sessions=reader.settings(given.get("sessions", {}), ("sessions",), base.sessions, _SESSION_KEYS),
        login=reader.settings(given.get("login", {}), ("login",), base.login, _LOGIN_KEYS),
        smtp=reader.settings(given.get("smtp", {}), ("smtp",), base.smtp, _SMTP_KEYS),
    )


def _data_directory(reader: Reader, raw: Raw) -> Path:
    return reader.value(raw, ("data_directory",), Path, DATA_DIRECTORY)


def _hostname(reader: Reader, raw: Raw) -> str:
    hostname = reader.value(raw, ("hostname",), str, "")
    try:
        return Domain(hostname).text if hostname else ""
    except AddressSyntaxError as error:
        reader.fault(("hostname",), f'{error.reason}: write a name such as "mail.example.org"')
        return ""


def _listeners(reader: Reader, raw: Raw) -> Listeners:
    """The doors that are named, and no others."""
    return {
        DoorName(name): _endpoints(reader, value, ("listeners", name), PORTS[DoorName(name)])
        for name, value in reader.table(raw, ("listeners",), list(DoorName)).items()
    }


def _endpoints(reader: Reader, raw: Raw, path: KeyPath, usual_port: int) -> tuple[Endpoint, ...]:
    given = reader.table(raw, path, ("addresses", "port"))
    port = reader.value(given.get("port", usual_port), (*path, "port"), int, usual_port)
    if not 0 < port < 65_536:
        reader.fault((*path, "port"), "write a port from 1 to 65535")
    addresses = reader.array(given.get("addresses", list(EVERYWHERE)), (*path, "addresses"))
    return tuple(Endpoint(_ip(reader, address, (*path, "addresses")), port) for address in addresses)


def _ip(reader: Reader, raw: Raw, path: KeyPath) -> str:
    try:
        return str(ipaddress.ip_address(raw)) if isinstance(raw, str) else str(ipaddress.ip_address(""))
    except ValueError:
        reader.fault(path, f'{raw!r} is no address of this machine: write such as "192.0.2.1", "::", "0.0.0.0"')
        return ""


def _certificates(reader: Reader, raw: Raw) -> tuple[CertificateFiles, ...]:
    given = reader.table(raw, ("tls",), ("certificates",))
    path: KeyPath = ("tls", "certificates")
    pairs = reader.array(given.get("certificates", []), path)
    return tuple(_certificate(reader, pair, (*path, number)) for number, pair in enumerate(pairs))


def _certificate(reader: Reader, raw: Raw, path: KeyPath) -> CertificateFiles:
    given = reader.table(raw, path, ("chain", "key"))
    return CertificateFiles(
        *(_existing_file(reader, given.get(name), (*path, name)) for name in ("chain", "key"))
    )


def _existing_file(reader: Reader, raw: Raw, path: KeyPath) -> Path:
    if raw is None:
        reader.fault(path, "this file is missing: write its path")
        return Path()
    file = reader.value(raw, path, Path, Path())
    if file != Path() and not file.is_file():
        reader.fault(path, f"there is no file {file}")
    return file
