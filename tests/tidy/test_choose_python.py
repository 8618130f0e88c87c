"""`scripts/choose-python`: which Python the environment is made with."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def choose(*programs: Path | str) -> subprocess.CompletedProcess[str]:
    command = (ROOT / "scripts/choose-python", *programs)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def program(folder: Path, name: str, line: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o700)
    return path


def test_the_first_that_will_do_is_chosen(tmp_path: Path) -> None:
    """One that is too old or has no `venv` fails the question, one that is not there cannot be asked."""
    too_old = program(tmp_path, "old", "exit 1")
    chosen = choose(tmp_path / "missing", too_old, sys.executable, too_old)
    assert (chosen.returncode, chosen.stdout) == (0, f"{sys.executable}\n")


def test_a_python_too_old_will_not_do(tmp_path: Path) -> None:
    """What it is asked compares its version with 3.11."""
    answer = 'exec {} -c "import sys; sys.version_info = {}; $2"'
    ancient = program(tmp_path, "ancient", answer.format(sys.executable, (3, 10)))
    assert choose(ancient).returncode == 1
    recent = program(tmp_path, "recent", answer.format(sys.executable, (3, 11)))
    assert choose(recent).stdout == f"{recent}\n"


def test_without_any_it_says_what_to_do() -> None:
    """The error names what was tried, and a way out."""
    chosen = choose("/nowhere/python3")
    assert (chosen.returncode, chosen.stdout) == (1, "")
    assert "among: /nowhere/python3" in chosen.stderr
    assert "apt-get install python3-venv" in chosen.stderr
    assert "make install PYTHON=" in chosen.stderr
