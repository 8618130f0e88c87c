"""What the pages tell people to type exists: every command, option and make target in them."""

import re
import shlex
from pathlib import Path

import click
import pytest

from posthouse.cli.program import posthouse

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
# In code: between fences, indented by four, or between backticks within a line.
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}(\S[^\n]*)$", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")


def typed_lines(page: Path) -> list[str]:
    """Every line of code on a page that calls posthouse or make."""
    text = page.read_text()
    lines = [line for block in FENCED.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    lines += INDENTED.findall(FENCED.sub("", text))
    lines += INLINE.findall(FENCED.sub("", text))
    parts = [part.strip().removeprefix("$ ") for line in lines for part in re.split(r"\s[|;&]+\s", line)]
    return [part for part in parts if re.match(r"(?:\S*/)?(?:posthouse|make)(?:\s|$)", part)]


CALLS = sorted({(str(page.relative_to(ROOT)), line) for page in PAGES for line in typed_lines(page)})


def words_of(line: str) -> list[str]:
    """The words that the program is called with: without redirections and what people are to fill in."""
    first_alternative = re.sub(r"(\w+)(?:\|[\w-]+)+", r"\1", line)    # `posthouse queue list|show`
    words = shlex.split(re.split(r"\s[<>]\s", first_alternative)[0], comments=True)
    return [word for word in words if not word.startswith(("[", "<"))]


@pytest.mark.parametrize(("page", "line"), [call for call in CALLS if "posthouse" in call[1].split()[0]])
def test_a_command_on_a_page_exists(page: str, line: str) -> None:
    """Issue 4: the README's way is the way; an option that is gone must go from the pages too."""
    named: click.Command = posthouse
    rest = words_of(line)[1:]
    while isinstance(named, click.Group) and rest and not rest[0].startswith("-"):
        assert rest[0] in named.commands, line
        named = named.commands[rest.pop(0)]
    options = {option for parameter in named.params for option in parameter.opts} | {"--help", "-h", "--version"}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= options, line


@pytest.mark.parametrize(("page", "line"), [call for call in CALLS if call[1].startswith("make")])
def test_a_make_target_on_a_page_exists(page: str, line: str) -> None:
    """As above."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in words_of(line)[1:] if "=" not in word} <= targets, line


def test_the_readme_names_the_two_commands() -> None:
    """Issue 4: two commands from the README do everything."""
    text = (ROOT / "README.md").read_text()
    assert "make serve" in text
    assert "make test" in text


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_a_link_to_a_file_of_ours_leads_somewhere(page: Path) -> None:
    """A page that sends its reader nowhere is worse than none."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"
