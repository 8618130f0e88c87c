"""What `posthouse serve` says before and when it serves."""

import json
import shlex
import socket
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from posthouse.cli.announcing import announce
from posthouse.cli.deploying import deploy, deploy_for_trial
from posthouse.cli.errors import CommandFailed
from posthouse.cli.place import Place
from posthouse.cli.program import posthouse
from posthouse.config import DoorName
from posthouse.server import Deployment

ANY_PORTS = dict.fromkeys(DoorName, 0)


@pytest.fixture
def closing():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def trial(tmp_path: Path, closing: ExitStack) -> Deployment:
    return deploy_for_trial(tmp_path / "data", None, ANY_PORTS, closing)


def said(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], *, is_kept: bool = True, as_json: bool = False
) -> str:
    announce(deployment, is_kept, as_json)
    return capsys.readouterr().out


def test_a_script_gets_one_line(trial: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Issue 4: one JSON object, the only line on standard output."""
    lines = said(trial, capsys, as_json=True).splitlines()
    assert len(lines) == 1
    object_ = json.loads(lines[0])
    assert set(object_) == {"domain", "account", "password", "accounts", "data_directory", "ports"}
    assert object_["ports"] == {door: where[0].bound.port for door, where in trial.listening.items()}
    assert object_["account"] == object_["accounts"][0]


def test_a_person_sees_ports_accounts_password_and_what_to_type(
    trial: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 4: a few lines that a person can follow, with one command that submits and one that reads back."""
    text = said(trial, capsys)
    assert trial.development is not None
    for word in (*trial.development.accounts, trial.development.password, str(trial.data.path)):
        assert word in text
    for door, where in trial.listening.items():
        assert f"{door} {where[0].bound.port}" in text
    assert len(text.splitlines()) <= 20


def test_what_is_to_be_typed_is_a_call_that_exists(trial: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Copied and pasted it must work: the shell splits it as it was meant, and the options are options."""
    lines = [line.strip() for line in said(trial, capsys).splitlines()]
    commands = {name: next(line for line in lines if f" {name} --" in line) for name in ("submit", "fetch")}
    for name, line in commands.items():
        typed = shlex.split(line.rpartition("|")[2])
        assert typed[1] == name
        command = posthouse.commands[name]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in typed if word.startswith("--")} <= options
        assert typed[typed.index("--data-directory") + 1] == str(trial.data.path)
    assert sum(line.startswith("curl ") or "| curl " in line for line in lines) == 2


def test_a_temporary_directory_is_said_to_go(trial: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody should lose mail by surprise."""
    assert "--data-directory DIR keeps it" in said(trial, capsys, is_kept=False)
    assert "keeps it" not in said(trial, capsys, is_kept=True)


def test_a_taken_port_is_replaced_and_said(
    tmp_path: Path, closing: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 4: a taken one is replaced by a free one, and it says so."""
    taken = closing.enter_context(socket.socket())
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    deployment = deploy_for_trial(tmp_path / "data", None, ANY_PORTS | {DoorName.IMAP: port}, closing)
    bound = deployment.listening[DoorName.IMAP][0].bound.port
    assert bound != port
    assert f"{port} was taken: imap is on {bound}" in said(deployment, capsys)


def test_a_taken_port_of_a_real_server_is_refused(tmp_path: Path, closing: ExitStack) -> None:
    """A mail server on another port than the world expects serves nobody."""
    taken = closing.enter_context(socket.socket())
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    settings = tmp_path / "posthouse.toml"
    port = taken.getsockname()[1]
    settings.write_text(f'data_directory = "data"\n[listeners.smtp]\naddresses = ["127.0.0.1"]\nport = {port}\n')
    with pytest.raises(CommandFailed, match="another program listens there"):
        deploy(Place(None, settings), closing)
    assert not (tmp_path / "data").exists()


def test_a_server_without_certificates_makes_its_own(tmp_path: Path, closing: ExitStack) -> None:
    """Mail on port 25 is encrypted with any certificate; whoever needs a trusted one names it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path / "posthouse.toml"
    settings.write_text(f'data_directory = "data"\n[listeners.smtp]\naddresses = ["127.0.0.1"]\nport = {port}\n')
    deployment = deploy(Place(None, settings), closing)
    assert deployment.development is None
    assert deployment.config.certificates[0].chain.is_relative_to(tmp_path / "data")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--json",), "--dev"),
        (("--port", "smtp=1"), "--dev"),
        (("--dev", "--port", "smtp"), "smtp=4025"),
        (("--dev", "--port", "smpt=4025"), "submissions"),
        (("--dev", "--port", "smtp=70000"), "smtp=4025"),
    ],
)
def test_a_wrong_call_is_told(data: Path, arguments: tuple[str, ...], word: str) -> None:
    """Exit 2 and the way out."""
    result = CliRunner().invoke(posthouse, ["serve", *arguments, "--data-directory", str(data)])
    assert result.exit_code == 2
    assert word in result.stderr


def test_a_wrong_domain_is_told(data: Path, closing: ExitStack) -> None:
    """Before anything is made up for it."""
    with pytest.raises(CommandFailed, match="no domain"):
        deploy_for_trial(data, "not a domain", ANY_PORTS, closing)
    assert not (data / "dev.json").exists()


def test_faulty_settings_start_nothing(tmp_path: Path, closing: ExitStack) -> None:
    """DESIGN 8: refuse to start and name all faults."""
    settings = tmp_path / "posthouse.toml"
    settings.write_text('hostnam = "x"\ndata_directory = 3\n')
    with pytest.raises(CommandFailed) as raised:
        deploy(Place(None, settings), closing)
    assert isinstance(raised.value, click.ClickException)
    assert ":1: hostnam" in raised.value.message
    assert ":2: data_directory" in raised.value.message


def test_a_trial_reads_no_settings_file_and_says_so() -> None:
    """A file that was named and not read would be missed only later (DESIGN 8)."""
    result = CliRunner().invoke(posthouse, ["serve", "--dev", "--config", "/nonexistent/posthouse.toml"])
    assert result.exit_code == 2
    assert "leave out --config, or --dev" in result.output
