import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.address import NULL_REVERSE_PATH, POSTMASTER, Address, Domain, parse_address
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.headers import HeaderSection
from posthouse.message.trace_fields import (
    ReceivedFacts,
    Transmission,
    delivered_to_field,
    received_field,
    return_path_field,
)

AT = ZonedInstant(Instant(880_127_706_000_000), -360)


def facts(**changes: object) -> ReceivedFacts:
    usual: dict[str, object] = {
        "ehlo_name": "client.example.net",
        "peer_ip": "192.0.2.1",
        "hostname": "mx.example.org",
        "transmission": Transmission.ESMTPS,
        "identifier": "AbC123",
        "at": AT,
        "recipient": parse_address("bob@example.org"),
    }
    return ReceivedFacts(**(usual | changes))


def test_a_received_field_tells_from_by_with_id_for_and_when() -> None:
    """RFC 5321 4.4."""
    assert received_field(facts()) == (
        b"Received: from client.example.net ([192.0.2.1])\r\n\tby mx.example.org with ESMTPS id AbC123\r\n"
        b"\tfor <bob@example.org>;\r\n\tFri, 21 Nov 1997 09:55:06 -0600\r\n"
    )


def test_what_is_not_known_is_left_out() -> None:
    """RFC 5321 4.4: "for" is optional; with several recipients it would tell who got blind copies (7.6)."""
    local = facts(recipient=None, peer_ip=None, ehlo_name="localhost", transmission=Transmission.LOCAL)
    assert received_field(local) == (
        b"Received: from localhost\r\n\tby mx.example.org with local id AbC123;\r\n"
        b"\tFri, 21 Nov 1997 09:55:06 -0600\r\n"
    )


def test_an_ipv6_peer_is_an_address_literal() -> None:
    """RFC 5321 4.1.3: IPv6 literals carry a tag."""
    assert b"from x ([IPv6:2001:db8::1])\r\n" in received_field(facts(ehlo_name="x", peer_ip="2001:db8::1"))


def test_a_bare_postmaster_is_named() -> None:
    assert b"for <Postmaster>;" in received_field(facts(recipient=POSTMASTER))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("evil\r\nX-Injected: yes", b"evil??X-Injected:?yes"),
        ("a (comment", b"a??comment"),
        ("a by b with", b"a?by?b?with"),
        ("a;b", b"a?b"),
        ("", b"unknown"),
        ("bücher", b"b?cher"),
        ("[192.0.2.7]", b"[192.0.2.7]"),
        ("x" * 300, b"x" * 255),
    ],
)
def test_what_a_peer_says_stays_in_its_place(said: str, written: bytes) -> None:
    assert received_field(facts(ehlo_name=said)).startswith(b"Received: from " + written + b" ([192.0.2.1])\r\n")


@given(st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_no_word_of_a_peer_makes_a_second_field(ehlo_name: str, peer_ip: str, identifier: str) -> None:
    field = received_field(facts(ehlo_name=ehlo_name, peer_ip=peer_ip, identifier=identifier))
    section = HeaderSection.parse(field + b"\r\n")
    assert [found.lower for found in section.fields] == [b"received"]
    assert section.is_closed
    assert max(map(len, field.split(b"\r\n"))) < 998
    assert field.isascii()
    assert email.message_from_bytes(field + b"\r\n", policy=email.policy.SMTP)["Received"].endswith("-0600")


@pytest.mark.parametrize(
    ("extended", "encrypted", "authenticated", "word"),
    [
        (False, False, False, "SMTP"),
        (True, False, False, "ESMTP"),
        (True, True, False, "ESMTPS"),
        (True, False, True, "ESMTPA"),
        (True, True, True, "ESMTPSA"),
        (False, True, False, "ESMTPS"),
        (False, True, True, "ESMTPSA"),
        (False, False, True, "ESMTPA"),
    ],
)
def test_the_word_behind_with_is_registered(*, extended: bool, encrypted: bool, authenticated: bool, word: str) -> None:
    """RFC 3848: ESMTPS, ESMTPA, ESMTPSA; TLS and AUTH are extensions, so there is no SMTPS."""
    found = Transmission.of(is_extended=extended, is_encrypted=encrypted, is_authenticated=authenticated)
    assert found.value == word


def test_return_path_keeps_the_reverse_path() -> None:
    """RFC 5321 4.4: final delivery preserves the reverse-path, the null one too."""
    assert return_path_field(parse_address("Bounce+1@Example.NET")) == b"Return-Path: <Bounce+1@Example.NET>\r\n"
    assert return_path_field(NULL_REVERSE_PATH) == b"Return-Path: <>\r\n"
    assert return_path_field(Address("a b", Domain("x.test"))) == b'Return-Path: <"a b"@x.test>\r\n'


def test_delivered_to_names_the_address() -> None:
    """RFC 9228 4."""
    assert delivered_to_field(parse_address("bob@example.org")) == b"Delivered-To: bob@example.org\r\n"
    assert delivered_to_field(parse_address("bø@example.org")) == "Delivered-To: bø@example.org\r\n".encode()
