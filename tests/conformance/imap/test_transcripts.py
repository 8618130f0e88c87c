"""Every transcript beside this file, named by its RFC and section, is what a session says behind the least door.

``C:`` is a line of the client's, ``C~`` octets without a line end, ``S:`` one line of ours; `` ...`` at the end of an
``S:`` line stands for any text. ``=`` names the state that the session must be in, ``--`` a finished TLS handshake.
"""

from pathlib import Path

import pytest

from conformance.imap.toy_door import ToyDoor, logged_in, selected
from posthouse.protocol.imap.states import Phase, State

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
DOORS = {"before login": ToyDoor, "logged in": logged_in, "selected": selected}


def check(said: bytes, expected: bytes, number: int) -> None:
    if expected.endswith(b"..."):
        assert said.startswith(expected[:-3].rstrip()), f"line {number}: {said!r}"
    else:
        assert said == expected, f"line {number}: {said!r}"


def play(lines: list[str]) -> None:
    door = DOORS[next(line[2:].strip() for line in lines if line.startswith("@"))]()
    written = b""
    for number, line in enumerate(lines, 1):
        kind, text = line[:2], line[3:].encode("utf-8")
        if kind in ("C:", "C~"):
            assert written == b"", f"line {number}: unexpected {written!r}"
            written = door.feed(text + (b"\r\n" if kind == "C:" else b""))
        elif kind == "S:":
            said, _, written = written.partition(b"\r\n")
            check(said, text, number)
        elif kind == "--":
            assert door.session.phase is Phase.UPGRADING
            door.session.tls_established()
        elif kind == "= ":
            assert door.session.state is State[line[2:].strip().upper()], f"line {number}: {door.session.state}"
    assert written == b"", f"at the end: unexpected {written!r}"


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_session_says_what_the_transcript_says(transcript: Path) -> None:
    play(transcript.read_text(encoding="utf-8").splitlines())


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 10
