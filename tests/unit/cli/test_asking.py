"""A command finds the one who may write: the running server, or itself when none runs; never two writers."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from posthouse.cli.asking import Asker, RequestFailed, RequestRefused
from posthouse.cli.errors import CommandFailed
from posthouse.doors.control.requests import AddDomain, ListDomains
from posthouse.doors.control.responses import DomainRow, DomainsListed, Done, Failed, Refused
from posthouse.doors.control.wire import encode
from posthouse.runtime.data_directory import create_data_directory

LISTED = DomainsListed(domains=(DomainRow("example.org", "2026-11-24T08:00:00Z"),))


class Server:
    """Holds the lock and listens, in a thread: answers one line with what the test says, then closes."""

    def __init__(self, data: Path, said: bytes) -> None:
        self.directory = create_data_directory(data)
        self.lock = self.directory.lock()
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(str(self.directory.control_socket))
        self.listening.listen()
        self.asked = b""
        self._said = said
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection = self.listening.accept()[0]
        with connection, connection.makefile("rb") as file:
            self.asked = file.readline()
            connection.sendall(self._said)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self.listening.close()
        self.lock.release()


def test_a_running_server_is_asked(data: Path) -> None:
    """DESIGN 8: a command goes through the running server's control socket."""
    with Server(data, encode(LISTED)) as server, Asker(data) as asker:
        assert asker.ask(ListDomains(), DomainsListed) == LISTED
    assert server.asked == encode(ListDomains())


@pytest.mark.parametrize(
    ("said", "error", "word"),
    [
        (encode(Refused(reason="mend it")), RequestRefused, "mend it"),
        (encode(Failed(reason="later")), RequestFailed, "later"),
        (encode(Done()), RequestFailed, "another release"),
        (b'{"response":"from-the-future"}\n', RequestFailed, "restart the server"),
        (encode(LISTED)[:-1], RequestFailed, "before it answered"),
        (b"", RequestFailed, "before you try again"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_told(data: Path, said: bytes, error: type[CommandFailed], word: str) -> None:
    """What must be mended is told apart from what may do later."""
    with Server(data, said), Asker(data) as asker, pytest.raises(error) as raised:
        asker.ask(ListDomains(), DomainsListed)
    assert word in f"{raised.value.message} {raised.value.mend}"


def test_without_a_server_the_command_does_it_itself(data: Path) -> None:
    """The same code on the same files; a second command finds what the first has done."""
    with Asker(data) as asker:
        assert asker.ask(AddDomain(name="example.org"), Done) == Done()
        assert [row.name for row in asker.ask(ListDomains(), DomainsListed).domains] == ["example.org"]
    with Asker(data) as asker:
        assert [row.name for row in asker.ask(ListDomains(), DomainsListed).domains] == ["example.org"]


def test_a_socket_that_a_dead_server_left_is_no_hindrance(data: Path) -> None:
    """After SIGKILL its name is still there, and nobody listens."""
    directory = create_data_directory(data)
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(directory.control_socket))
    left.close()
    with Asker(data) as asker:
        assert asker.ask(ListDomains(), DomainsListed) == DomainsListed(domains=())


def test_a_lock_that_nobody_answers_for_is_told_with_its_holder(data: Path) -> None:
    """A server that hangs, or another command: the database is not touched."""
    with create_data_directory(data).lock(), pytest.raises(RequestFailed) as raised, Asker(data, starts_seconds=0):
        pass
    assert f"process {os.getpid()} holds" in raised.value.message
    assert "stop it" in raised.value.mend
    assert not (data / "posthouse.db").exists()


def test_a_command_waits_for_another_command(data: Path) -> None:
    """Two at once: the second has its turn when the first is done."""
    lock = create_data_directory(data).lock()
    timer = threading.Timer(0.1, lock.release)
    timer.start()
    with Asker(data) as asker:
        assert asker.ask(ListDomains(), DomainsListed) == DomainsListed(domains=())
    timer.join()


def modules_after(program: str) -> set[str]:
    code = f"{program}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "program",
    ["import posthouse.cli.program", "from posthouse.cli.asking import Asker"],
)
def test_a_command_starts_without_what_it_does_not_need(program: str) -> None:
    """STACK: start in about 100 ms; asyncio alone takes 50, rich 60, argon2 and cryptography 30 each."""
    heavy = {"asyncio", "apsw", "argon2", "cryptography", "rich", "uvloop", "idna", "email", "ssl", "smtplib"}
    assert not modules_after(program) & heavy


def test_a_file_that_is_no_database_is_told(data: Path) -> None:
    """Not a traceback: whoever runs the command must know which file, and what to look at."""
    (data / "posthouse.db").write_bytes(b"x" * 5000)
    with pytest.raises(RequestFailed, match="cannot be opened"), Asker(data):
        pass
    create_data_directory(data).lock().release()    # let go, whatever happened
