"""CAPA: announced is what is honoured, and only where it is (RFC 2449 5, 6)."""

import poplib

import pytest

from posthouse.protocol.pop3.capabilities import Channel, capabilities


def announced(channel: Channel, stls: bool) -> set[bytes]:
    first, *lines, end, nothing = capabilities(channel, stls_is_possible=stls).split(b"\r\n")
    assert first.startswith(b"+OK")
    assert (end, nothing) == (b".", b"")
    assert len(lines) == len(set(lines))
    return set(lines)


def test_in_the_clear_no_login_is_offered_before_tls() -> None:
    """RFC 2595 2.2, RFC 8314 4.1: USER and SASL PLAIN are not announced where they would be refused."""
    assert announced(Channel.CLEAR, stls=True) == {
        b"TOP", b"UIDL", b"RESP-CODES", b"AUTH-RESP-CODE", b"PIPELINING", b"EXPIRE NEVER", b"STLS",
        b"IMPLEMENTATION Posthouse",
    }  # fmt: skip


def test_under_tls_logins_are_offered_and_stls_is_not() -> None:
    """RFC 2595 4: STLS is not possible twice."""
    lines = announced(Channel.TLS, stls=False)
    assert {b"USER", b"SASL PLAIN"} <= lines
    assert b"STLS" not in lines


def test_a_trusted_channel_offers_both() -> None:
    assert {b"USER", b"SASL PLAIN", b"STLS"} <= announced(Channel.CLEAR_TRUSTED, stls=True)


@pytest.mark.parametrize("channel", Channel)
def test_each_line_fits(channel: Channel) -> None:
    """RFC 2449 5: a capability line has at most 512 octets; RFC 1939 3: no line begins with the termination octet."""
    for line in announced(channel, stls=True):
        assert len(line) + 2 <= 512
        assert not line.startswith(b".")


def test_poplib_reads_it() -> None:
    """The standard library's reading of a capability line is a keyword and its parameters."""
    client = poplib.POP3.__new__(poplib.POP3)
    client._longcmd = lambda _: (b"+OK", sorted(announced(Channel.TLS, stls=False)), 0)
    assert client.capa()["SASL"] == ["PLAIN"]
    assert client.capa()["EXPIRE"] == ["NEVER"]
