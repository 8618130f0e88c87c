"""Every transcript beside this file, named by its RFC and section, is what the session says.

``C:`` is a line of the client's, ``S:`` one of ours; `` ...`` at the end of an ``S:`` line stands for any text, as
RFC 1939 3 leaves it free. ``--`` marks a finished TLS handshake, ``=`` at the top the channel, ``M:`` a message.
"""

from pathlib import Path

import pytest

from conformance.pop3.toy_door import ToyDoor
from posthouse.protocol.pop3.capabilities import Channel

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))


def play(lines: list[str]) -> None:
    messages = tuple(line[3:].encode().decode("unicode_escape").encode("latin-1") for line in lines if line[:2] == "M:")
    channel = next((Channel[line[2:].strip()] for line in lines if line[:1] == "="), Channel.TLS)
    door = ToyDoor(messages, channel)
    written = door.session.greet()
    for number, line in enumerate(lines, 1):
        if line.startswith("C:"):
            assert written == b"", f"line {number}: unexpected {written!r}"
            written = door.feed(line[3:].encode() + b"\r\n")
        elif line.startswith("S:"):
            said, _, written = written.partition(b"\r\n")
            expected = line[3:].encode()
            if expected.endswith(b"..."):
                assert said.startswith(expected[:-3].rstrip()), f"line {number}: {said!r}"
            else:
                assert said == expected, f"line {number}: {said!r}"
        elif line.startswith("--"):
            written += door.tls_established()
    assert written == b"", f"at the end: unexpected {written!r}"
    assert door.session.is_closed


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_session_says_what_the_transcript_says(transcript: Path) -> None:
    play(transcript.read_text(encoding="utf-8").splitlines())


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 8
