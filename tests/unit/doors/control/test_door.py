"""The control door on a real socket: requests in turn, every answer whole, and an end that says why."""

import asyncio
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from posthouse.database.errors import SyncFailed
from posthouse.doors.connections import Connections
from posthouse.doors.control.door import ControlDoor, serve_control
from posthouse.doors.control.message_answers import Answer
from posthouse.doors.control.requests import AddDomain, ListDomains, SubmitMessage
from posthouse.doors.control.responses import Done, Failed, FetchedMessage, MessagesFetched, Refused
from posthouse.doors.control.wire import ReceivedRequest, encode
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.clock import SystemClock
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.journal import Journal
from posthouse.runtime.local_socket import listen_locally
from posthouse.runtime.tls import CertificateFiles, Certificates

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, Any]]


class Answers:
    """Answers as the test says, and remembers what it was asked."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[ReceivedRequest] = []

    async def answer(self, received: ReceivedRequest) -> Answer:
        self.asked.append(received)
        await asyncio.sleep(0)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def hold(
    tmp_path: Path, certificate: CertificateFiles
) -> Callable[[Answers, Talk, SessionLimits], Any]:
    """Serve the door with these answers, hold one conversation, and stop."""

    def hold_conversation(answers: Answers, talk: Talk, limits: SessionLimits) -> Any:
        async def main() -> Any:
            connections = Connections(
                limits, Certificates((certificate,)), clock=SystemClock(), chance=SystemChance(),
                journal=Journal(SystemClock(), journalled.append),
            )  # fmt: skip
            door = ControlDoor(answers)    # type: ignore[arg-type]
            listener = await serve_control(listen_locally(tmp_path / "control.sock"), door, connections)
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
            try:
                async with asyncio.timeout(10):
                    return await talk(reader, writer)
            finally:
                writer.close()
                listener.stop()
                await connections.shut_down(1.0)

        return asyncio.run(main())

    journalled: list[bytes] = []
    hold_conversation.journalled = journalled    # type: ignore[attr-defined]
    return hold_conversation


LIMITS = SessionLimits()


def response(line: bytes) -> Any:
    return msgspec.json.decode(line)


def test_only_the_owner_can_open_the_socket(tmp_path: Path) -> None:
    """DESIGN 8: 0600; the umask of whoever started the server does not matter."""
    listen_locally(tmp_path / "control.sock").close()
    assert stat.S_IMODE((tmp_path / "control.sock").stat().st_mode) == 0o600
    listen_locally(tmp_path / "control.sock").close()    # what a process that has ended left is no hindrance


def test_requests_are_answered_in_order_with_their_octets(hold: Any) -> None:
    """Two requests in one write: the second waits for the first's answer."""
    page = MessagesFetched(messages=(FetchedMessage(7, 3),), is_last=True, octets=3)
    answers = Answers(Answer(Done()), Answer(page, b"abc"))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        submit = SubmitMessage(reverse_path="", forward_paths=("a@b.example",), octets=2)
        writer.write(encode(submit) + b"hi" + encode(ListDomains()))
        return [await reader.readline(), await reader.readline(), await reader.readexactly(3)]

    first, second, octets = hold(answers, talk, LIMITS)
    assert (first, second, octets) == (encode(Done()), encode(page), b"abc")
    assert [received.octets for received in answers.asked] == [b"hi", b""]


def test_what_is_no_request_ends_the_conversation_with_a_reason(hold: Any) -> None:
    """Whoever wrote the program sees what was wrong."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"hello?\n")
        return await reader.read()

    said = response(hold(Answers(), talk, LIMITS))
    assert said["response"] == "refused"
    assert "does not understand" in said["reason"]


def test_a_bug_ends_the_conversation_and_is_journalled(hold: Any) -> None:
    """DESIGN 7.5: caught once, logged with its traceback; the peer hears that it is ours, and no more."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(encode(AddDomain(name="example.org")))
        return await reader.read()

    said = response(hold(Answers(ZeroDivisionError("geheim")), talk, LIMITS))
    assert said["response"] == "failed"
    assert "geheim" not in said["reason"]
    assert any(b"ZeroDivisionError" in line for line in hold.journalled)


def test_after_a_failed_sync_nothing_is_said(hold: Any) -> None:
    """DESIGN 7.4: what failed may still be found after a crash, so no answer would be true."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(encode(AddDomain(name="example.org")))
        return await reader.read()

    assert hold(Answers(SyncFailed("unknown")), talk, LIMITS) == b""


def test_one_session_too_many_is_told_to_wait(hold: Any) -> None:
    """The limits of sessions hold for the owner too; the command says so instead of hanging."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        return await reader.readline()

    said = response(hold(Answers(), talk, SessionLimits(local_sessions_max=0)))
    assert said == msgspec.json.decode(encode(Failed(reason=said["reason"])))
    assert "try again" in said["reason"]


def test_half_a_request_is_let_go_when_the_command_is_gone(hold: Any) -> None:
    """A command that was interrupted amid its octets changes nothing."""
    answers = Answers()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(encode(SubmitMessage(reverse_path="", forward_paths=("a@b.example",), octets=99)) + b"half")
        writer.write_eof()
        return await reader.read()

    assert hold(answers, talk, LIMITS) == b""
    assert answers.asked == []


def test_a_refusal_is_told_apart_from_a_failure() -> None:
    """The command line exits differently for what must be mended and for what may do later."""
    assert response(encode(Refused(reason="x")))["response"] == "refused"
    assert response(encode(Failed(reason="x")))["response"] == "failed"
