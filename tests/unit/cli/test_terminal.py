"""At a terminal a password is asked for, twice, and not shown."""

import os
import pty
import subprocess
import sys
from pathlib import Path

OCTETS_MAX = 10_000


class Terminal:
    """A program at a terminal, and what a person sees and types there."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self.seen = ""
        self._looked = 0

    def read_until(self, text: str) -> None:
        """Wait for a text behind the one that was waited for before."""
        while self.seen.find(text, self._looked) < 0:
            octets = os.read(self._ours, OCTETS_MAX)
            assert octets, self.seen
            self.seen += octets.decode()
        self._looked = self.seen.find(text, self._looked) + len(text)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read what is left; the exit code."""
        try:
            while octets := os.read(self._ours, OCTETS_MAX):
                self.seen += octets.decode()
        except OSError:    # Linux says so when the other end has gone
            pass
        os.close(self._ours)
        return self.process.wait()


def test_a_password_is_asked_for_twice_and_not_shown(furnished, data: Path) -> None:
    """Issue 4: from a prompt."""
    terminal = Terminal(
        sys.executable, "-m", "posthouse", "account", "password", "anna@example.org", "--data-directory", str(data)
    )
    for question, typed in (
        ("New password of anna@example.org: ", "battery staple\n"),
        ("Once more: ", "battery stable\n"),
        ("do not match", ""),
        ("New password of anna@example.org: ", "battery staple\n"),
        ("Once more: ", "battery staple\n"),
    ):
        terminal.read_until(question)
        terminal.type(typed)
    assert terminal.end() == 0
    assert "password of anna@example.org changed" in terminal.seen
    assert "battery" not in terminal.seen
