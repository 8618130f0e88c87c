"""A served trial as a newcomer meets it: one line that says everything, commands that are seen at once, a clean end."""

import contextlib
import imaplib
import json
import os
import signal
import smtplib
import socket
import ssl
import stat
import time
from pathlib import Path

import pytest

from interop.served import PORTS, SECONDS, Served

ANY_CERTIFICATE = ssl._create_unverified_context()    # that of a trial is self-made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    with Served(tmp_path_factory.mktemp("served") / "data") as server:
        yield server


def test_it_says_everything_in_one_object(served: Served) -> None:
    """Issue 4: domain, account, password, accounts, data_directory, ports; each port a number."""
    assert set(served.said) == {"domain", "account", "password", "accounts", "data_directory", "ports"}
    assert set(served.ports) == set(PORTS)
    assert all(isinstance(port, int) for port in served.ports.values())
    assert served.account in served.said["accounts"]
    assert len(served.said["accounts"]) == 2


def test_the_directory_is_closed_to_others(served: Served) -> None:
    """Passwords and mail lie there."""
    assert stat.S_IMODE(served.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((served.data / "control.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE((served.data / "dev.json").stat().st_mode) == 0o600


def test_what_is_submitted_through_a_door_is_fetched_from_the_command_line(served: Served) -> None:
    """Python's smtplib with STARTTLS; the message is there, octet for octet behind its trace fields."""
    letter = f"From: <{served.account}>\r\nTo: <{served.account}>\r\nSubject: x\r\n\r\n..\r\n".encode()
    with smtplib.SMTP("127.0.0.1", served.ports["submission"]) as client:
        client.starttls(context=ANY_CERTIFICATE)
        client.login(served.account, served.password)
        client.sendmail(served.account, [served.account], letter)
    fetched = served.run("fetch", "--account", served.account, "--last")
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.endswith(letter.partition(b"\r\n\r\n")[2])


def test_what_is_submitted_from_the_command_line_is_read_by_imap(served: Served) -> None:
    """A command through the control socket; Python's imaplib sees it at once."""
    submit = ("submit", "--from", served.account, "--to", served.account, "--subject", "By command")
    submitted = served.run(*submit, given=b"Hello\n")
    assert submitted.returncode == 0, submitted.stderr
    with imaplib.IMAP4_SSL("127.0.0.1", served.ports["imaps"], ssl_context=ANY_CERTIFICATE) as client:
        client.login(served.account, served.password)
        count = int(client.select("INBOX")[1][0])
        (found, *_) = client.fetch(str(count), "(BODY.PEEK[])")[1]
    assert b"Subject: By command\r\n" in found[1]


def test_a_new_account_logs_in_at_once_and_an_old_password_no_more(served: Served) -> None:
    """Issue 4: a running server sees each change at once, its cache of verified logins too."""
    address = f"eva@{served.said['domain']}"

    def logs_in(password: str) -> bool:
        with imaplib.IMAP4("127.0.0.1", served.ports["imap"]) as client:
            try:
                client.login(address, password)
            except imaplib.IMAP4.error:
                return False
            return True

    assert served.run("account", "add", address, "--password-stdin", given=b"first horse\n").returncode == 0
    assert logs_in("first horse")
    assert served.run("account", "password", address, "--password-stdin", given=b"second horse\n").returncode == 0
    assert logs_in("second horse")
    assert not logs_in("first horse")
    application_password = served.run("account", "app-password", address).stdout.decode().strip()
    assert logs_in(application_password)


def test_mail_to_others_waits(served: Served) -> None:
    """Issue 4: nothing leaves the machine; the queue shows it."""
    submit = ("submit", "--from", served.account, "--to", "x@elsewhere.example")
    assert served.run(*submit, given=b"Hello\n").returncode == 0
    listed = json.loads(served.run("queue", "list", "--json").stdout)
    assert "x@elsewhere.example" in [row["recipients"][0]["forward_path"] for row in listed]


@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_a_submission_through_any_server(served: Served, tmp_path: Path, door: str) -> None:
    """--server: with STARTTLS or TLS, never in the clear; a certificate that nobody vouches for is refused."""
    (tmp_path / "password").write_text(served.password + "\n")
    submit = (
        "submit", "--server", f"127.0.0.1:{served.ports[door]}", "--password-file", str(tmp_path / "password"),
        "--from", served.account, "--to", served.account,
    )  # fmt: skip
    refused = served.run(*submit, given=b"Hello\n")
    assert refused.returncode == 1
    assert b"certificate that cannot be trusted" in refused.stderr
    submitted = served.run(*submit, "--insecure", given="Grüße\n".encode())
    assert submitted.returncode == 0, submitted.stderr
    nobody = served.run(*submit, "--to", f"nobody@{served.said['domain']}", "--insecure", given=b"Hello\n")
    assert nobody.returncode == 1
    assert b"550 5.1.1" in nobody.stderr
    assert b"the other recipients have it" in nobody.stderr


def test_a_second_server_on_the_same_data_is_refused(served: Served) -> None:
    """DESIGN 8: one server holds the data directory."""
    second = Served(served.data)
    done = served.run(*second.command[1:4])
    assert done.returncode == 1
    assert b"holds" in done.stderr


def test_while_it_stops_it_finishes_what_was_begun_and_refuses_the_rest(tmp_path: Path) -> None:
    """Issue 4: SIGTERM stops taking, finishes what is in flight within 10 s and exits 0."""
    with Served(tmp_path / "data") as server:
        busy = smtplib.SMTP("127.0.0.1", server.ports["smtp"])
        busy.ehlo()
        busy.mail(server.account)
        busy.rcpt(server.account)
        assert busy.docmd("DATA")[0] == 354
        server.process.terminate()
        for port in server.ports.values():
            await_refusal(port)
        busy.send(b"Subject: begun before\r\n\r\n.\r\n")
        assert busy.getreply()[0] == 250
        assert server.process.wait(10) == 0
        busy.close()
        assert b"begun before" in server.run("fetch", "--account", server.account, "--last").stdout


def await_refusal(port: int) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            return
    pytest.fail(f"port {port} still takes connections")


def test_a_worker_that_is_told_to_stop_alone_is_followed_by_one_that_serves(tmp_path: Path) -> None:
    """Whoever sends SIGTERM to the wrong process loses no door for it."""
    with Served(tmp_path / "data") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        worker = children.read_text()
        os.kill(int(worker), signal.SIGTERM)
        end = time.monotonic() + SECONDS
        while children.read_text() in {worker, ""}:
            assert time.monotonic() < end, "no worker follows"
        for name, port in server.ports.items():
            await_greeting(port, encrypted=name.endswith("s"))


def await_greeting(port: int, *, encrypted: bool) -> None:
    """A door says something: it is served."""
    with contextlib.ExitStack() as closing:
        peer: socket.socket = closing.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
        if encrypted:
            peer = closing.enter_context(ANY_CERTIFICATE.wrap_socket(peer))
        assert peer.recv(100)[:1] in {b"2", b"*", b"+"}


def test_a_restart_has_the_same_accounts_and_mail(tmp_path: Path) -> None:
    """Issue 4: accounts and password are made once and kept there."""
    with Served(tmp_path / "data") as first:
        assert first.run("submit", "--from", first.account, "--to", first.account, given=b"kept\n").returncode == 0
    with Served(tmp_path / "data") as second:
        assert {**second.said, "ports": None} == {**first.said, "ports": None}
        assert second.run("fetch", "--account", second.account, "--last").stdout.endswith(b"kept\r\n")
    alone = second.run("fetch", "--account", second.account, "--last")    # nobody serves: the command does it itself
    assert alone.stdout.endswith(b"kept\r\n")


def test_a_taken_port_is_replaced_and_it_says_so(tmp_path: Path) -> None:
    """Issue 4: a taken one is replaced by a free one; two servers never share a port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Served(tmp_path / "data", "--port", f"smtp={port}") as server:
            assert server.ports["smtp"] != port


def test_a_domain_can_be_chosen(tmp_path: Path) -> None:
    """--domain NAME."""
    with Served(tmp_path / "data", "--domain", "a.test") as server:
        assert server.said["domain"] == "a.test"
        assert server.account.endswith("@a.test")
