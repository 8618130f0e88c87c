"""Domains, accounts and aliases from the command line: what is done is said, what is refused says what to do."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from posthouse.cli.program import posthouse


def rows(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.stderr
    listed = json.loads(result.stdout)
    assert isinstance(listed, list)
    return listed


def test_a_domain_is_added_listed_shown_and_removed(run) -> None:
    """Issue 4: add, list, show, remove; --json on every listing is an array of objects."""
    added = run("domain", "add", "example.org")
    assert added.exit_code == 0
    assert "posthouse account add SOMEBODY@example.org" in added.stdout    # what comes next
    assert [row["name"] for row in rows(run("domain", "list", "--json"))] == ["example.org"]
    assert "example.org" in run("domain", "show", "example.org").stdout
    assert json.loads(run("domain", "show", "example.org", "--json").stdout)["name"] == "example.org"
    assert run("domain", "remove", "example.org").exit_code == 0
    assert rows(run("domain", "list", "--json")) == []


def test_an_account_is_added_listed_shown_and_removed(furnished) -> None:
    """The listing for people has the same rows as that for programs."""
    listed = rows(furnished("account", "list", "--json"))
    assert [(row["address"], row["has_password"]) for row in listed] == [
        ("anna@example.org", True), ("ben@example.org", True),
    ]  # fmt: skip
    lines = furnished("account", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ACCOUNT", "anna@example.org", "ben@example.org"]
    assert "example.org" in furnished("account", "list", "--domain", "example.org").stdout
    assert furnished("account", "remove", "ben@example.org", "--yes").exit_code == 0
    assert len(rows(furnished("account", "list", "--json"))) == 1


def test_removing_an_account_asks_whether_it_is_meant(furnished) -> None:
    """Its mail goes with it: a slip of the hand must not do that."""
    asked = furnished("account", "remove", "ben@example.org", given="n\n")
    assert asked.exit_code == 1
    assert len(rows(furnished("account", "list", "--json"))) == 2


def test_an_alias_is_added_listed_shown_and_removed(furnished) -> None:
    """One to many, here and elsewhere."""
    assert furnished("alias", "add", "all@example.org", "anna@example.org", "x@elsewhere.example").exit_code == 0
    expected = {"address": "all@example.org", "targets": ["anna@example.org", "x@elsewhere.example"]}
    assert rows(furnished("alias", "list", "--json")) == [expected]
    assert rows(furnished("alias", "list", "--domain", "example.org", "--json")) == [expected]
    assert "anna@example.org, x@elsewhere.example" in furnished("alias", "list").stdout
    assert "x@elsewhere.example" in furnished("alias", "show", "all@example.org").stdout
    assert furnished("alias", "remove", "all@example.org").exit_code == 0
    assert rows(furnished("alias", "list", "--json")) == []


def test_an_application_password_is_the_only_line_on_standard_output(furnished) -> None:
    """So that a script can take it; the advice goes to standard error."""
    made = furnished("account", "app-password", "anna@example.org", "--label", "phone")
    password = made.stdout.strip()
    assert len(password.replace("-", "")) == 16
    assert "cannot be shown again" in made.stderr
    shown = furnished("account", "show", "anna@example.org")
    assert "phone" in shown.stdout
    assert password not in shown.stdout
    details = json.loads(furnished("account", "show", "anna@example.org", "--json").stdout)
    assert [row["label"] for row in details["application_passwords"]] == ["phone"]
    assert furnished("account", "app-password", "anna@example.org", "--label", "phone", "--remove").exit_code == 0
    assert "phone" not in furnished("account", "show", "anna@example.org").stdout


def test_a_password_is_changed_from_standard_input(furnished) -> None:
    """Issue 4: from a prompt or --password-stdin."""
    changed = furnished("account", "password", "anna@example.org", "--password-stdin", given="another horse\n")
    assert changed.exit_code == 0, changed.stderr
    assert "another" not in changed.output


def test_a_password_is_never_an_argument(furnished) -> None:
    """Issue 4: never an argument, for those end up in histories and lists of processes."""
    assert furnished("account", "add", "eva@example.org", "correct horse").exit_code == 2
    assert furnished("account", "add", "eva@example.org", "--password", "correct horse").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "given", "word"),
    [
        (("account", "add", "eva@example.org", "--password-stdin"), "", "pipe the password in"),
        (("account", "add", "eva@example.org"), "", "--password-stdin"),
        (("account", "add", "eva@example.org", "--password-stdin"), "short\n", "at least 8"),
        (("account", "add", "eva@nowhere.example", "--password-stdin"), "correct horse\n", "add it first"),
        (("account", "add", "anna", "--password-stdin"), "correct horse\n", "no address"),
        (("account", "show", "eva@example.org"), "", "no account"),
        (("alias", "add", "a@example.org", "nobody@example.org"), "", "add its account or alias first"),
        (("alias", "show", "a@example.org"), "", "no alias"),
        (("domain", "remove", "example.org"), "", "remove them first"),
        (("domain", "add", "-x"), "", "No such option"),
        (("queue", "show", "1"), "", "posthouse queue list"),
        (("queue", "show", "0"), "", "0"),
        (("queue", "show", str(2**63)), "", "range"),
        (("account", "password", "anna@example.org", "--password-stdin"), b"\xff horse battery\n", "UTF-8"),
        (("domain", "show", "\udcff"), "", "UTF-8"),
    ],
)  # fmt: skip
def test_what_is_not_done_is_told_on_standard_error_with_what_to_do(
    furnished, arguments: tuple[str, ...], given: str | bytes, word: str
) -> None:
    """Issue 4: each error says what to do next; nothing of it is on standard output."""
    result = furnished(*arguments, given=given)
    assert result.exit_code in {1, 2}
    assert word in result.stderr
    assert result.stdout == ""


def test_a_listing_of_nothing_is_an_empty_array(run) -> None:
    """A program must not have to tell nothing from a failure."""
    for family in ("domain", "account", "alias", "queue"):
        assert rows(run(family, "list", "--json")) == []


def test_the_place_may_stand_before_the_command_too(furnished, data: Path, tmp_path: Path) -> None:
    """Issue 4: on each command; people write it where they think of it, and the nearer one counts."""
    for typed in (
        ["--data-directory", str(data), "domain", "list", "--json"],
        ["--data-directory", str(tmp_path / "nowhere"), "domain", "list", "--json", "--data-directory", str(data)],
    ):
        assert [row["name"] for row in rows(CliRunner().invoke(posthouse, typed))] == ["example.org"]


def test_the_place_may_be_told_by_settings_or_environment(furnished, data: Path, tmp_path: Path) -> None:
    """--config names a file that names the directory; programs set the environment."""
    settings = tmp_path / "posthouse.toml"
    settings.write_text(f'data_directory = "{data}"\n')
    by_settings = CliRunner().invoke(posthouse, ["domain", "list", "--json", "--config", str(settings)])
    assert [row["name"] for row in rows(by_settings)] == ["example.org"]
    by_environment = CliRunner().invoke(
        posthouse, ["domain", "list", "--json"], env={"POSTHOUSE_DATA_DIRECTORY": str(data)}
    )
    assert [row["name"] for row in rows(by_environment)] == ["example.org"]
    settings.write_text("data_directry = 1\n")
    faulty = CliRunner().invoke(posthouse, ["domain", "list", "--config", str(settings)])
    assert faulty.exit_code == 1
    assert "did you mean data_directory?" in faulty.stderr
