"""Every command teaches: what it does, how it is called, where the data is."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from posthouse.cli.program import posthouse

Path = tuple[str, ...]


def commands(group: click.Group = posthouse, above: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    for name, command in group.commands.items():
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))


LEAVES = [(path, command) for path, command in commands() if not isinstance(command, click.Group)]
NAMES = [" ".join(path) for path, _ in LEAVES]


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=NAMES)
def test_every_command_says_what_it_does(path: Path, command: click.Command) -> None:
    """Issue 4: --help that teaches."""
    result = CliRunner().invoke(posthouse, [*path, "--help"])
    assert result.exit_code == 0
    assert (command.help or "").strip()


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=NAMES)
def test_every_command_can_be_told_where_the_data_is(path: Path, command: click.Command) -> None:
    """Issue 4: --data-directory or --config on each, behind the command's name."""
    assert {"data_directory", "config"} <= {parameter.name for parameter in command.params}


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=NAMES)
def test_every_listing_has_json(path: Path, command: click.Command) -> None:
    """Issue 4: --json on every listing."""
    if path[-1] in {"list", "show"}:
        assert "as_json" in {parameter.name for parameter in command.params}


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=[" ".join(path) for path, _ in commands()])
def test_examples_are_calls_that_exist(path: Path, command: click.Command) -> None:
    """An example that does not work teaches the wrong thing: every option in one is an option."""
    for line in (command.help or "").splitlines():
        words = line.split("#")[0].split("<")[0].split(">")[0].split("|")[-1].split()
        if not words or words[0] != "posthouse":
            continue
        named: click.Command = posthouse
        rest = words[1:]
        while isinstance(named, click.Group) and rest:
            named = named.commands[rest.pop(0)]
        options = {option for parameter in named.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, line


def test_no_option_takes_a_password() -> None:
    """A password is never an argument: files and standard input are."""
    for _, command in commands():
        for parameter in command.params:
            assert parameter.name != "password", command.name


def test_the_version_is_told() -> None:
    """The first thing that is asked in a report."""
    assert CliRunner().invoke(posthouse, ["--version"]).stdout.startswith("posthouse ")
