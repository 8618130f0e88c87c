"""Every transcript beside this file, named by its RFC and section, is what the session says.

``C:`` is a line of the client's (neighbours go in one packet), ``X:`` octets without a line end; both with Python's
escapes. ``S:`` is a line of ours, where `` ...`` at its end stands for any text, as RFC 5321 4.2 leaves it free.
``=`` at the top names the door, ``--`` marks a finished TLS handshake, ``~`` the peer's end, ``closed`` ours.
"""

from pathlib import Path

import pytest

from conformance.smtp import toy_door
from conformance.smtp.toy_door import ToyDoor
from posthouse.protocol.smtp.states import Phase

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
DOORS = {
    "RECEIVER": lambda: ToyDoor(toy_door.RECEIVER),
    "PLAIN_RECEIVER": lambda: ToyDoor(toy_door.PLAIN_RECEIVER),
    "LENIENT": lambda: ToyDoor(toy_door.LENIENT),
    "SUBMISSION": lambda: ToyDoor(toy_door.SUBMISSION),
    "SUBMISSIONS": lambda: ToyDoor(toy_door.SUBMISSION, tls_is_on=True),
    "LOOPBACK": lambda: ToyDoor(toy_door.LOOPBACK),
}


def unescape(text: str) -> bytes:
    return text.encode().decode("unicode_escape").encode("latin-1")


class Player:
    """Plays one transcript: ``to_send`` waits for the first ``S:``, ``written`` for the next."""

    def __init__(self, door: ToyDoor) -> None:
        self.door = door
        self.written = door.greet()
        self.to_send = b""

    def step(self, line: str) -> None:
        kind, text = line[:2], line[3:]
        if kind in ("C:", "X:"):
            assert self.written == b"", f"said besides: {self.written!r}"
            self.to_send += unescape(text) + (b"\r\n" if kind == "C:" else b"")
            return
        self.flush()
        if kind == "S:":
            said, _, self.written = self.written.partition(b"\r\n")
            expected = text.encode()
            if expected.endswith(b" ..."):
                assert said.startswith(expected[:-3])
            else:
                assert said == expected
        elif line == "--":
            self.written += self.door.secured()
        elif line == "~":
            self.written += self.door.end()
        elif line == "closed":
            assert self.door.session.phase is Phase.CLOSED
        else:
            assert not line or line[0] in "#="

    def flush(self) -> None:
        if self.to_send:
            self.written += self.door.feed(self.to_send)
            self.to_send = b""


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_session_says_what_the_transcript_says(transcript: Path) -> None:
    lines = transcript.read_text(encoding="utf-8").splitlines()
    name = next((line[2:].strip() for line in lines if line.startswith("=")), "RECEIVER")
    player = Player(DOORS[name]())
    for number, line in enumerate(lines, 1):
        try:
            player.step(line)
        except AssertionError as error:
            raise AssertionError(f"{transcript.name}:{number}: {line}\n{error}") from error
    player.flush()
    assert player.written == b""


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 20
