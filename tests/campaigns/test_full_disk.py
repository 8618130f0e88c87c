"""A disk that fills under load: every sender hears it, nothing is half-stored, and room is all it takes to go on.

A real file system that is really full: a small tmpfs of our own. Where it cannot be mounted (who is not root, most
containers) the test is skipped by name; the simulated disk of `simulation/` refuses there too.
"""

import contextlib
import imaplib
import os
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaigns.load import ANY_CERTIFICATE, HOST, Ledger, closing, letter
from campaigns.survivors import inbox_identifiers

PROGRAM = str(Path(sys.executable).with_name("posthouse"))
SECONDS = 30.0
ACCOUNT, PASSWORD = "anna@small.example", "a small disk"
DISK = "size=24m,mode=700"
BALLAST_OCTETS = 8 << 20
IN_A_ROW, IN_A_FILE = 100_000, 300_000    # octets: bodies beyond 256 KiB are files
SENDERS = 6
MESSAGES_MAX = 500                        # by one sender: far more than the disk holds
SETTINGS = """\
data_directory = "{data}"
hostname = "mail.small.example"
[listeners.smtp]
addresses = ["127.0.0.1"]
port = {smtp}
[listeners.imaps]
addresses = ["127.0.0.1"]
port = {imaps}
[engine]
log_octets = "4 MiB"
cache_octets = "4 MiB"
"""


class SmallServer:
    """`posthouse serve --config` on a data directory on the small disk."""

    def __init__(self, disk: Path, settings: Path) -> None:
        self.data = disk / "data"
        self.ports = dict(zip(("smtp", "imaps"), free_ports(2), strict=True))
        self.account, self.password = ACCOUNT, PASSWORD
        self._settings = settings
        settings.write_text(SETTINGS.format(data=self.data, **self.ports))

    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One command on the same data."""
        command = [PROGRAM, "--config", str(self._settings), *arguments]
        return subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False)

    def __enter__(self) -> "SmallServer":
        errors = self._settings.with_name("serve.err")
        with errors.open("ab") as file:
            command = [PROGRAM, "--config", str(self._settings), "serve"]
            self.process = subprocess.Popen(command, stderr=file, start_new_session=True)
        end = time.monotonic() + SECONDS
        while not accepts(self.ports["smtp"]):
            assert self.process.poll() is None, errors.read_text()
            assert time.monotonic() < end, errors.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            assert self.process.wait(SECONDS) == 0, self._settings.with_name("serve.err").read_text()
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system that holds 24 MiB. Its path is short: a socket's name lies in it (unix(7))."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount the small disk that is to fill")
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        mount = ("mount", "-t", "tmpfs", "-o", DISK, "tmpfs", folder)
        made = subprocess.run(mount, capture_output=True, check=False)
        if made.returncode != 0:
            pytest.skip(f"the small disk that is to fill cannot be mounted here: {made.stderr.decode().strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(("umount", folder), check=True)


@pytest.fixture
def served(small_disk: Path, tmp_path: Path) -> Iterator[SmallServer]:
    with SmallServer(small_disk, tmp_path / "posthouse.toml") as server:
        for command, given in (
            (("domain", "add", "small.example"), b""),
            (("account", "add", ACCOUNT, "--password-stdin"), f"{PASSWORD}\n".encode()),
        ):
            made = server.run(*command, given=given)
            assert made.returncode == 0, made.stderr
        yield server


@pytest.mark.campaign
def test_a_full_disk_refuses_for_now_and_goes_on_when_there_is_room(served: SmallServer, small_disk: Path) -> None:
    """DESIGN 5, "When it fails": 452 4.3.1 and NO, the session goes on, nothing half-stored; it recovers by itself."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(BALLAST_OCTETS))
    ledger = Ledger()
    fill(served, ledger)
    for octets in (IN_A_ROW, IN_A_FILE):
        assert first_refusal(said_by_smtp, served, ledger, octets).startswith("452 4.3.1 ")
        assert first_refusal(said_by_append, served, ledger, octets).startswith("NO ")
    assert sorted(inbox_identifiers(served)) == sorted(ledger.kept), "what was refused is there, or the reverse"

    ballast.unlink()
    for octets in (IN_A_ROW, IN_A_FILE):
        assert said_by_smtp(served, ledger, octets).startswith("250 ")
        assert said_by_append(served, ledger, octets).startswith("OK ")
    assert sorted(inbox_identifiers(served)) == sorted(ledger.kept)
    checked = served.run("check")
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()


def fill(served: SmallServer, ledger: Ledger) -> None:
    """Several senders at once, so that it fills in the middle of a batch, until each has heard that it is full."""
    heard: list[str] = []
    threads = [threading.Thread(target=_send_until_refused, args=(served, ledger, heard)) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(4 * SECONDS)
    assert len(heard) == SENDERS, "a sender was cut off, or never heard that the disk is full"
    assert all(reply.startswith("452 4.3.1 ") for reply in heard), heard
    assert len(ledger.kept) > SENDERS


def _send_until_refused(served: SmallServer, ledger: Ledger, heard: list[str]) -> None:
    with closing(smtplib.SMTP(HOST, served.ports["smtp"], timeout=SECONDS)) as client:
        for _ in range(MESSAGES_MAX):
            reply = _said(client, served, ledger, IN_A_ROW)
            if not reply.startswith("250 "):
                assert client.noop()[0] == 250, "the session has to go on"
                heard.append(reply)
                return


def first_refusal(
    said: Callable[[SmallServer, Ledger, int], str], served: SmallServer, ledger: Ledger, octets: int
) -> str:
    """The first reply that is no success: a checkpoint of the write-ahead log may give room back for a few more."""
    for _ in range(MESSAGES_MAX):
        reply = said(served, ledger, octets)
        if not reply.startswith(("250 ", "OK ")):
            return reply
    pytest.fail(f"a full disk took {MESSAGES_MAX} messages of {octets} octets")


def said_by_smtp(served: SmallServer, ledger: Ledger, octets: int) -> str:
    """The last reply to one message."""
    with closing(smtplib.SMTP(HOST, served.ports["smtp"], timeout=SECONDS)) as client:
        return _said(client, served, ledger, octets)


def _said(client: smtplib.SMTP, served: SmallServer, ledger: Ledger, octets: int) -> str:
    identifier = ledger.new_identifier()
    try:
        client.sendmail("someone@sender.example", [ACCOUNT], letter(ACCOUNT, identifier, octets))
    except smtplib.SMTPResponseException as error:
        return f"{error.smtp_code} {error.smtp_error.decode()}"
    ledger.kept.add(identifier)
    return "250 "


def said_by_append(served: SmallServer, ledger: Ledger, octets: int) -> str:
    """The tagged response to one APPEND."""
    identifier = ledger.new_identifier()
    client = imaplib.IMAP4_SSL(HOST, served.ports["imaps"], ssl_context=ANY_CERTIFICATE, timeout=SECONDS)
    with contextlib.closing(client.socket()):
        client.login(ACCOUNT, PASSWORD)
        answer, (text, *_) = client.append("INBOX", "", "", letter(ACCOUNT, identifier, octets))
        client.shutdown()
    if answer == "OK":
        ledger.kept.add(identifier)
    return f"{answer} {text.decode()}"


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1.0):
        return True
    return False


def free_ports(count: int) -> list[int]:
    """Ports that nobody holds at the moment."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
