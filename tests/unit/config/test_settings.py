"""A settings file either says what it means or starts nothing, and then names all its faults (DESIGN 8)."""

from pathlib import Path

import pytest

from posthouse.config import Config, ConfigError, DoorName, default_config, load_config
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.runtime.network import Endpoint
from posthouse.runtime.tls import CertificateFiles

WHOLE = """
hostname = "mail.example.org"
data_directory = "data"

[listeners.smtp]
port = 2525
addresses = ["127.0.0.1", "::1"]

[listeners.imaps]

[tls]
certificates = [{ chain = "chain.pem", key = "key.pem" }]

[engine]
log_octets = "64 MiB"

[sessions]
sessions_max = 50

[login]
shut_out_seconds = "5 min"

[smtp]
message_size_octets_max = "10 MB"
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "posthouse.toml"
    path.write_text(text)
    return path


def faults_of(directory: Path, text: str) -> list[tuple[int, str]]:
    """The line and key of every fault."""
    with pytest.raises(ConfigError) as raised:
        load_config(written(directory, text))
    return [(fault.line, fault.key) for fault in raised.value.faults]


def test_everything_works_without_a_file() -> None:
    """DESIGN 8: with no file at all every door has its usual port, everywhere."""
    config = default_config()
    assert config.data_directory == Path("/var/lib/posthouse")
    assert {door: {endpoint.port for endpoint in where} for door, where in config.listeners.items()} == {
        DoorName.SMTP: {25}, DoorName.SUBMISSION: {587}, DoorName.SUBMISSIONS: {465}, DoorName.IMAP: {143},
        DoorName.IMAPS: {993}, DoorName.POP3: {110}, DoorName.POP3S: {995},
    }  # fmt: skip


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    """A file only says what differs."""
    assert load_config(written(tmp_path, "")) == Config()


def test_every_setting_goes_where_it_belongs(tmp_path: Path) -> None:
    """Each part receives only its own settings (DESIGN 8); what is not said keeps its default."""
    (tmp_path / "chain.pem").touch()
    (tmp_path / "key.pem").touch()
    config = load_config(written(tmp_path, WHOLE))
    assert config.hostname == "mail.example.org"
    assert config.data_directory == tmp_path / "data"
    assert config.listeners == {
        DoorName.SMTP: (Endpoint("127.0.0.1", 2525), Endpoint("::1", 2525)),
        DoorName.IMAPS: (Endpoint("0.0.0.0", 993), Endpoint("::", 993)),
    }
    assert config.certificates == (CertificateFiles(tmp_path / "chain.pem", tmp_path / "key.pem"),)
    assert config.engine == SqliteSettings(log_octets=64 << 20)
    assert config.sessions.sessions_max == 50
    assert config.sessions.sessions_per_network_max == Config().sessions.sessions_per_network_max
    assert config.login.shut_out_seconds == 300.0
    assert config.smtp.message_size_octets_max == 10_000_000


def test_all_faults_are_named_each_with_its_line(tmp_path: Path) -> None:
    """DESIGN 8: name all faults with line and mend, so that nobody mends them one start at a time."""
    text = "\n".join([
        'hostnam = "x"',                           # 1
        "data_directory = 3",                      # 2
        "[listeners.smtp]",                        # 3
        "port = 70000",                            # 4
        'addresses = ["127.0.0.1", "nonsense"]',   # 5
        "[listeners.smpt]",                        # 6
        "[engine]",                                # 7
        'log_octets = "64 parsecs"',               # 8
        "cache_octets = true",                     # 9
        "[[tls.certificates]]",                    # 10
        'chain = "nowhere.pem"',                   # 11
        "[sessions]",                              # 12
        'sessions_max = "many"',                   # 13
    ])
    assert faults_of(tmp_path, text) == [
        (1, "hostnam"), (2, "data_directory"), (4, "listeners.smtp.port"), (5, "listeners.smtp.addresses"),
        (6, "listeners.smpt"), (8, "engine.log_octets"), (9, "engine.cache_octets"),
        (10, "tls.certificates[1].key"), (11, "tls.certificates[1].chain"), (13, "sessions.sessions_max"),
    ]  # fmt: skip


def test_a_fault_says_what_to_write_instead(tmp_path: Path) -> None:
    """STYLE: an error says what to do."""
    with pytest.raises(ConfigError) as raised:
        load_config(written(tmp_path, 'hostnam = "x"\n[engine]\nlog_octets = "64 parsecs"\n'))
    said = str(raised.value)
    assert "posthouse.toml:1: hostnam: no such setting; did you mean hostname?" in said
    assert 'posthouse.toml:3: engine.log_octets: write a number of octets, or a text such as "50 MB"' in said


def test_a_setting_that_its_own_part_refuses_is_a_fault(tmp_path: Path) -> None:
    """A limit below what a standard asks for is refused by the settings themselves, with the source."""
    with pytest.raises(ConfigError, match=r"smtp: message_size_octets_max must be at least 65,536 \(RFC 5321"):
        load_config(written(tmp_path, "[smtp]\nmessage_size_octets_max = 1\n"))


@pytest.mark.parametrize(
    "text",
    [
        "sessions = 3", "listeners = 3", "[tls]\ncertificates = 3", "[tls]\ncertificates = [3]",
        "[listeners]\nsmtp = 3", "[listeners.smtp]\naddresses = 3", "[listeners.smtp]\naddresses = [3]",
        "[listeners.smtp]\nport = 1.5", "[engine]\nlog_octets = -1", "[engine]\nlog_octets = 2026-11-24",
        'hostname = "not a name"', "hostname = []", "[login]\nfailures_max = 0",
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    """Whatever TOML allows can stand anywhere."""
    assert faults_of(tmp_path, text)


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    """tomllib says it in its text only; it must not get lost."""
    assert faults_of(tmp_path, 'hostname = "a"\nnonsense\n') == [(2, "the file")]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that was named must be there: silently doing without would listen on the wrong ports."""
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_config(tmp_path / "nowhere.toml")


def test_octets_that_are_no_utf_8_are_told_with_their_line(tmp_path: Path) -> None:
    """TOML is UTF-8; an editor with another charset is a common mistake."""
    path = tmp_path / "posthouse.toml"
    path.write_bytes(b'hostname = "a.example"\n# caf\xe9\n')
    with pytest.raises(ConfigError, match=r":2: .*UTF-8"):
        load_config(path)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    """Everything has a limit (DESIGN 1.6)."""
    with pytest.raises(ConfigError, match="longer"):
        load_config(written(tmp_path, "#" * (1 << 20) + "\n"))
