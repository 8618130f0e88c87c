"""TLS in the middle of a connection, and who might stand in between (`doors.connection.start_tls`)."""

import json
import socket
import ssl

import pytest
import uvloop

from posthouse.doors.events import BugFound, SessionClosed, SessionSecured, TlsFailed
from unit.doors.loop import SECONDS
from unit.doors.stage import Client, Stage


def upgraded_client(
    stage: Stage, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, receive_buffer_octets: int | None = None
) -> Client:
    client = stage.greeted_client(receive_buffer_octets)
    client.say("TLS")
    assert client.line() == b"220 go ahead"
    client.secure(version)
    stage.wait_for("secured")
    return client


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_goes_on_encrypted(stage: Stage, version: ssl.TLSVersion) -> None:
    """RFC 3207 4; the encrypted transport takes the plain one's place."""
    client = upgraded_client(stage, version)
    client.say("ECHO hidden", "WAIT")
    assert client.line() == b"hidden"
    stage.answer(1)
    assert client.line() == b"answer 1"
    tls = stage.sessions[0].connection.tls
    assert tls is not None
    assert tls.version() == client.socket.version()
    assert json.loads(stage.journal(SessionSecured)[0])["version"] == tls.version()


def test_octets_in_the_clear_behind_the_command_are_refused(stage: Stage) -> None:
    """CVE-2011-0411: what someone in between has put behind STARTTLS must never count as said through TLS.

    They wait in the socket here, where no core can see them: refused by name, no TLS, and closed (DESIGN 4).
    """
    client = stage.greeted_client()
    session = stage.sessions[0]

    def start_with_octets_waiting() -> None:
        client.say("ECHO injected")    # loopback: it is in our socket when this returns, and the loop is busy here
        session.do_tls("")

    stage.in_loop(start_with_octets_waiting)
    assert client.rest() == b"501 you have said too much\r\n"
    assert session.connection.tls is None


def test_octets_held_back_by_the_connection_are_refused(stage: Stage) -> None:
    """They came while an answer was awaited, so the core has not seen them either."""
    client = stage.greeted_client()
    client.say("WAIT", "TLS")
    stage.wait_for("receive")
    client.say("ECHO injected")
    future = stage.answers.get(timeout=SECONDS)
    session = stage.sessions[0]
    stage.wait_until(lambda: session.connection.peer_has_spoken)
    stage.in_loop(lambda: future.set_result(1))
    assert client.rest() == b"answer 1\r\n501 you have said too much\r\n"


def test_octets_sent_with_the_end_of_the_handshake_are_answered_through_tls(stage: Stage) -> None:
    """They may arrive before the loop has handed us the encrypted transport: held back, never answered in clear."""
    client = stage.greeted_client()
    client.say("TLS")
    assert client.line() == b"220 go ahead"
    context = ssl.create_default_context(cafile=str(stage.certificate.chain))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            client.send(outgoing.read())
            incoming.write(client.socket.recv(65_536))
    tls.write(b"ECHO at once\r\n")
    client.send(outgoing.read())    # Finished and the first command, in one segment
    said = b""
    while said != b"at once\r\n":
        try:
            said += tls.read(100)
        except ssl.SSLWantReadError:
            incoming.write(client.socket.recv(65_536))
    assert said == b"at once\r\n"


def test_a_peer_that_answers_in_clear_gets_no_session(stage: Stage) -> None:
    """After the go-ahead everything is TLS; a command in clear is a broken handshake, and the connection ends."""
    client = stage.greeted_client()
    client.say("TLS")
    assert client.line() == b"220 go ahead"
    client.say("ECHO in clear")
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    assert json.loads(stage.journal(SessionClosed)[0])["reason"] == "TLS failed"
    assert len(stage.journal(TlsFailed)) == 1
    assert not stage.journal(BugFound)
    assert stage.calls.empty()


@pytest.mark.parametrize("how", [socket.SHUT_RDWR, socket.SHUT_WR])
def test_a_peer_that_goes_away_amid_the_handshake_is_forgotten(stage: Stage, how: int) -> None:
    client = stage.greeted_client()
    client.say("TLS")
    assert client.line() == b"220 go ahead"
    client.socket.shutdown(how)
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    assert not len(stage.connections)
    assert not stage.journal(BugFound)


def test_a_peer_that_does_not_trust_us_is_told_of_in_the_journal(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("TLS")
    assert client.line() == b"220 go ahead"
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(client.socket, server_hostname="mail.example.org")
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    assert "CA" in json.loads(stage.journal(TlsFailed)[0])["reason"]


def test_a_bug_is_told_of_through_tls(stage: Stage) -> None:
    client = upgraded_client(stage)
    client.say("FAIL")
    assert [client.line(), client.line()] == [b"about to fail", b"421 bug"]


def test_an_encrypted_peer_that_says_goodbye_is_closed(stage: Stage) -> None:
    client = upgraded_client(stage)
    client.say("QUIT")
    assert client.rest() == b"221 bye\r\n"
    client.socket.close()
    stage.wait_for("closed")


def test_an_encrypted_peer_that_closes_is_closed(stage: Stage) -> None:
    client = upgraded_client(stage)
    client.say("WAIT")
    stage.wait_for("receive")
    client.socket.close()
    stage.wait_for("closed")


def test_last_words_reach_an_encrypted_peer_that_goes_on_sending(stage: Stage) -> None:
    if not isinstance(stage.loop, uvloop.Loop):
        pytest.skip("asyncio's own TLS resets a peer that sends behind our close_notify; it is the fallback only")
    client = upgraded_client(stage)
    client.say("PART")
    stage.wait_for("receive")
    for _ in range(20):
        client.send(b"x" * 10_000)
    assert client.line() == b"550 enough"


def test_an_encrypted_peer_that_never_reads_is_felt_as_early_as_a_plain_one(stage: Stage) -> None:
    client = upgraded_client(stage, receive_buffer_octets=16_384)
    client.say("PAGES 40")
    stage.wait_for("receive")
    connection = stage.sessions[0].connection
    assert stage.in_loop(connection._transport.get_write_buffer_size) < 200_000
    assert client.read(40 * 16_384) == b"p" * 40 * 16_384
    assert client.line() == b"end of pages"
