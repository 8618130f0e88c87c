"""`posthouse check` says whether what is kept is whole, and ends with a status that a script can use."""

import json
from collections.abc import Callable
from pathlib import Path

import apsw
from click.testing import Result

Run = Callable[..., Result]
LETTER = b"From: anna@example.org\r\nTo: ben@example.org\r\nSubject: hello\r\n\r\nhello\r\n"


def submit(run: Run) -> None:
    done = run("submit", "--from", "anna@example.org", "--to", "ben@example.org", "--subject", "x", given="hello")
    assert done.exit_code == 0, done.output


def test_a_store_that_is_whole_is_said_to_be(furnished: Run) -> None:
    """The issue: `posthouse check` proves promise 7 and that every row has its bytes."""
    submit(furnished)
    done = furnished("check")
    assert (done.exit_code, done.stdout) == (0, "everything is whole\n")
    assert json.loads(furnished("check", "--json").stdout) == []


def test_a_damaged_message_is_named_and_the_status_says_so(furnished: Run, data: Path) -> None:
    """A byte of a message is not what its hash says."""
    submit(furnished)
    connection = apsw.Connection(str(data / "posthouse.db"))
    connection.execute("UPDATE blob SET bytes = zeroblob(length)")
    connection.close()
    done = furnished("check")
    assert done.exit_code == 1
    assert "blob-bytes" in done.stdout
    assert "restore" in done.stderr
    (found, *_) = [row for row in json.loads(furnished("check", "--json").stdout) if row["kind"] == "blob-bytes"]
    assert found["is_harmless"] is False


def test_a_directory_without_a_database_is_told_with_what_to_do(run: Run) -> None:
    """Each error says what to do next."""
    done = run("check")
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr
