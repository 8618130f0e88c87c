"""Commands run in this process on a data directory of the test's own, where no server runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from posthouse.cli.program import posthouse

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def run(data: Path) -> Run:
    """Run `posthouse ARGUMENTS --data-directory DATA`, with something on standard input."""

    def run_command(*arguments: str, given: str | bytes = "") -> Result:
        split = ["sendmail", "--data-directory", str(data), *arguments[1:]]
        typed = split if arguments[0] == "sendmail" else [*arguments, "--data-directory", str(data)]
        result = CliRunner().invoke(posthouse, typed, input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run_command


@pytest.fixture
def furnished(run: Run) -> Run:
    """The same, with example.org and two accounts in it."""
    assert run("domain", "add", "example.org").exit_code == 0
    for name in ("anna", "ben"):
        assert run("account", "add", f"{name}@example.org", "--password-stdin", given="correct horse\n").exit_code == 0
    return run
