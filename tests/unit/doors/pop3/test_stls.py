"""STLS and port 995 (RFC 2595 4, RFC 8314 3.3): what was said in the clear never counts behind TLS."""

import poplib
import ssl
from collections.abc import Callable

import pytest

from posthouse.doors.pop3.services import Pop3Settings
from posthouse.protocol.pop3 import replies
from unit.doors.house import PASSWORD
from unit.doors.loop import SECONDS
from unit.doors.pop3.house import ADA, House
from unit.doors.stage import Client


@pytest.fixture
def strict(build: Callable[..., House]) -> House:
    """A house as it stands on the open network."""
    return build(settings=Pop3Settings())


def secured(house: House) -> Client:
    client = house.client()
    client.say("STLS")
    assert client.line() == replies.STLS_READY.strip()
    client.secure()
    house.clients.append(client.socket)
    return client


def capabilities(client: Client) -> list[bytes]:
    client.say("CAPA")
    assert client.line() == b"+OK capabilities follow"
    lines = []
    while (line := client.line()) != b".":
        lines.append(line)
    return lines


def test_stls_makes_logins_possible(strict: House) -> None:
    strict.put(b"Subject: one\r\n\r\n")
    client = secured(strict)
    client.say(f"USER {ADA}", f"PASS {PASSWORD}", "STAT")
    assert [client.line() for _ in range(3)][2] == b"+OK 1 16"


def test_what_can_be_done_is_told_before_and_after(strict: House) -> None:
    """RFC 2595 4: STLS no more behind TLS; logins are offered only where they are possible."""
    before = capabilities(strict.client())
    after = capabilities(secured(strict))
    assert b"STLS" in before
    assert b"USER" not in before
    assert b"STLS" not in after
    assert {b"USER", b"SASL PLAIN"} <= set(after)


def test_a_name_given_in_the_clear_is_forgotten(build: Callable[..., House]) -> None:
    client = build().client()
    client.say(f"USER {ADA}", "STLS")
    client.line(), client.line()
    client.secure()
    client.say(f"PASS {PASSWORD}")
    assert client.line() == replies.USER_FIRST.strip()
    client.socket.close()


def test_commands_put_in_behind_stls_are_never_carried_out(strict: House) -> None:
    """CVE-2011-0411: someone in between adds a command in the clear; it must not be taken for one said under TLS."""
    client = strict.client()
    client.send(b"STLS\r\nUSER mallory\r\n")
    assert client.rest() == replies.OCTETS_BEHIND_STLS


def test_stls_in_two_pieces_is_no_injection(strict: House) -> None:
    client = strict.client()
    client.send(b"ST")
    client.send(b"LS\r\n")
    assert client.line() == replies.STLS_READY.strip()
    client.secure()
    assert b"USER" in capabilities(client)
    client.socket.close()


def test_octets_that_are_no_handshake_end_the_connection(strict: House) -> None:
    client = strict.client()
    client.say("STLS")
    assert client.line() == replies.STLS_READY.strip()
    client.send(b"USER mallory\r\nPASS guess\r\n")
    heard = client.rest()
    assert b"+OK" not in heard
    assert b"-ERR" not in heard


def test_python_upgrades(strict: House) -> None:
    client = poplib.POP3("127.0.0.1", strict.ports["pop3"], timeout=SECONDS)
    client.stls(strict.tls_context())
    client.user(ADA)
    client.pass_(PASSWORD)
    assert client.stat() == (0, 0)
    client.quit()


def test_the_tls_port_needs_no_stls(strict: House) -> None:
    client = poplib.POP3_SSL("127.0.0.1", strict.ports["pop3s"], timeout=SECONDS, context=strict.tls_context())
    assert "STLS" not in client.capa()
    with pytest.raises(poplib.error_proto):
        client.stls()
    client.user(ADA)
    client.pass_(PASSWORD)
    client.quit()


def test_a_long_message_comes_whole_through_tls(strict: House) -> None:
    stored = b"Subject: long\r\n\r\n" + b".0123456789abcdef\r\n" * 60_000
    strict.put(stored)
    client = strict.poplib()
    _, lines, _ = client.retr(1)
    assert b"\r\n".join(lines) + b"\r\n" == stored
    client.quit()


def test_the_tls_port_greets_nobody_in_the_clear(strict: House) -> None:
    client = Client(strict.ports["pop3s"], strict.certificate, None, b"CAPA\r\n")
    strict.clients.append(client.socket)
    try:
        heard = client.rest()
    except (ConnectionResetError, ssl.SSLError):
        heard = b""
    assert b"+OK" not in heard
