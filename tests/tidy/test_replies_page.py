"""The page of replies names every reply that our servers can give, as it is said, and tests that there are."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from posthouse.message.status import Status
from posthouse.protocol.imap import codes
from posthouse.protocol.pop3 import replies as pop3
from posthouse.protocol.smtp import replies as smtp
from posthouse.protocol.smtp.replies import Reply, refusal

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "posthouse"
PAGE = (ROOT / "docs" / "replies.md").read_text()
# Where an SMTP verdict can come from; each states its own status.
DECIDING = [path for room in ("policy", "doors/smtp", "delivery") for path in (SOURCE / room).glob("*.py")]
VERDICTS = {"Refuse", "Defer", "AuthorRefused"}


@dataclass(frozen=True)
class Row:
    """A line of one of the page's tables: its cells without their backticks."""

    section: str
    cells: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.cells[0]

    @property
    def test(self) -> str:
        return self.cells[-1]


def rows() -> Iterator[Row]:
    section = ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.split(" | ")]
        if line.startswith("| ") and len(cells) > 2 and cells[-1].startswith("`"):
            yield Row(section, tuple(cell.strip("|").strip().strip("`") for cell in cells))


ROWS = list(rows())


def named(section: str) -> dict[str, Row]:
    return {row.name: row for row in ROWS if row.section == section}


def makers(table: ModuleType) -> set[str]:
    """The functions of a table that make replies."""
    found = inspect.getmembers(table, lambda member: inspect.isfunction(inspect.unwrap(member)))
    return {name for name, function in found if function.__module__ == table.__name__ and not name.startswith("_")}


def test_the_page_names_every_smtp_reply_as_it_is_said() -> None:
    """Issue 4: `replies` (each code: when it is said, which test shows it)."""
    table = {name: value.encode().decode().strip() for name, value in vars(smtp).items() if isinstance(value, Reply)}
    shown = {name: row.cells[1] for name, row in named("SMTP").items() if name in table or name.isupper()}
    assert shown == table


def test_the_page_names_every_function_that_makes_an_smtp_reply() -> None:
    """Those whose text names something."""
    assert {row for row in named("SMTP") if row.islower() and row.isidentifier()} == makers(smtp)


def test_the_page_names_every_verdict() -> None:
    """A judge's refusal brings its own status; the code goes with it."""
    statuses = {status for path in DECIDING for status in stated(ast.parse(path.read_text()))}
    assert len(statuses) > 4
    replies = {f"{refusal(Status(status), 'x').code} {status}" for status in statuses}
    assert {row for row in named("SMTP") if re.fullmatch(r"\d{3} \d\.\d\.\d", row)} == replies


def stated(tree: ast.AST) -> Iterator[str]:
    """The statuses with which verdicts are made in a file."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in VERDICTS and call.args:
            status = call.args[0]
            if isinstance(status, ast.Call) and isinstance(status.args[0], ast.Constant):
                yield str(status.args[0].value)


def test_the_page_names_every_imap_code() -> None:
    """Those that are said have a row, those that wait for their issue are named."""
    known = {value.decode() for name, value in vars(codes).items() if name.isupper() and isinstance(value, bytes)}
    known |= {name.upper() for name in makers(codes)}
    waiting = set(re.findall(r"`([A-Z]+)`", PAGE.partition("for what later issues say:")[2].partition("\n\n")[0]))
    assert set(named("IMAP")) | waiting == known
    said = "".join(path.read_text() for path in (SOURCE / "doors" / "imap").glob("*.py"))
    said += "".join(path.read_text() for path in (SOURCE / "protocol" / "imap").glob("*.py"))
    assert not [code for code in waiting if f"codes.{code}" in said], "a code that is said needs a row"


def test_the_page_names_every_pop3_reply_as_it_is_said() -> None:
    """As for SMTP."""
    table = {name: value for name, value in vars(pop3).items() if name.isupper() and isinstance(value, bytes)}
    for refusals in (pop3.LOGIN_REFUSALS, pop3.MESSAGE_REFUSALS):
        table |= {f"{type(why).__name__}.{why.name}": said for why, said in refusals.items()}
    shown = {name: row.cells[1] for name, row in named("POP3").items() if not name.islower()}
    assert shown == {name: said.decode().strip() for name, said in table.items()}
    assert {name for name in named("POP3") if name.islower()} == makers(pop3)


@pytest.mark.parametrize("test", sorted({row.test for row in ROWS}))
def test_a_test_that_the_page_names_exists(test: str) -> None:
    """A transcript, or a function in a file."""
    path, _, function = test.partition("::")
    text = (ROOT / "tests" / path).read_text()
    assert path.endswith(".txt") or re.search(rf"^def {re.escape(function)}\(", text, re.MULTILINE), test


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}-{row.name}")
def test_a_test_that_the_page_names_speaks_of_the_reply(row: Row) -> None:
    """Its file has the code, the code word or the name of what it is said to show."""
    text = (ROOT / "tests" / row.test.partition("::")[0]).read_text()
    if row.section == "SMTP":
        reply = row.cells[1] if row.name.isidentifier() else row.name
        words = [row.name, *re.findall(r"^\d{3}(?: \d\.\d\.\d+)?", reply)]
    elif row.section == "IMAP":
        words = [row.name]
    else:
        words = [row.name.rpartition(".")[2], *re.findall(r"^(?:\+OK|-ERR(?: \[[A-Z/]+\])?|\+)", row.cells[1])]
    assert any(word in text for word in words), words


def test_the_page_can_be_read_at_all() -> None:
    """What is not read here is not held to anything."""
    assert {row.section for row in ROWS} == {"SMTP", "IMAP", "POP3"}
    assert len(ROWS) > 120
