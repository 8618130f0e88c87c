"""What each reader sees of a message that is stored once: trace fields, and what is left out (DESIGN 1.2)."""

import re

import pytest

from posthouse.delivery.plan import HEADER_OCTETS_MAX
from posthouse.message.headers import FIELD_LINES_MAX
from unit.doors.smtp.house import ADA, BOB, CAROL, FROM_ADA, HELLO, NOON_DATE, House

ARRIVED = re.escape(NOON_DATE)


def test_what_the_recipient_sees_begins_with_return_path_delivered_to_and_received(house: House) -> None:
    """RFC 5321 4.4, RFC 9228: what the final delivery wrote stands first."""
    house.peer().deliver(HELLO, "ada+lists@example.org")
    (seen,) = house.inbox()
    assert re.fullmatch(
        rb"Return-Path: <eve@elsewhere\.example>\r\n"
        rb"Delivered-To: ada\+lists@example\.org\r\n"
        rb"Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n"
        rb"\tby mail\.example\.org with ESMTP id [a-z0-9-]+\r\n"
        rb"\tfor <ada\+lists@example\.org>;\r\n\t" + ARRIVED + rb"\r\n" + re.escape(HELLO),
        seen,
    )
    assert house.stored() == [HELLO]


def words_behind_with(house: House, address: str = ADA) -> list[bytes]:
    return [found for message in house.inbox(address) for found in re.findall(rb"\tby \S+ with (\S+) id", message)]


def test_received_says_how_it_came(house: House) -> None:
    """RFC 3848; RFC 5321 4.4 for the session that was opened with HELO."""
    greeted = house.client()
    greeted.reply()
    assert greeted.ask("HELO client.example") == b"250 mail.example.org"
    assert greeted.deliver(HELLO, ADA).startswith(b"250 ")
    house.peer().deliver(HELLO, ADA)
    house.under_tls("smtp").deliver(HELLO, ADA)
    house.submitter(door="submission").deliver(FROM_ADA, ADA, reverse_path=ADA)
    house.submitter(door="submissions").deliver(FROM_ADA, ADA, reverse_path=ADA)
    assert words_behind_with(house) == [b"SMTP", b"ESMTP", b"ESMTPS", b"ESMTPSA", b"ESMTPSA"]


def test_received_names_a_recipient_only_when_there_is_one(house: House) -> None:
    """RFC 5321 4.4, 7.2: else it would tell who got blind copies."""
    peer = house.peer()
    peer.deliver(HELLO, "team@example.org")
    peer.deliver(HELLO, ADA, CAROL)
    peer.deliver(HELLO, "Postmaster")
    assert [re.findall(rb"\r\n\tfor <(.*?)>;", seen) for seen in house.inbox()] == [
        [b"team@example.org"], [], [b"Postmaster"]
    ]    # fmt: skip


def test_a_refused_recipient_does_not_count(house: House) -> None:
    """As above: there is one recipient that was accepted."""
    peer = house.peer()
    peer.begin("nobody@example.org", ADA)
    peer.transmit(HELLO)
    assert b"\r\n\tfor <ada@example.org>;" in house.inbox()[0]


@pytest.mark.parametrize("name", ["evil);x", "a(b", "[127.0.0.1]", "under_score", "x;for<bob@example.org>"])
def test_a_claimed_name_cannot_leave_its_place(house: House, name: str) -> None:
    """RFC 5321 4.4: what a peer calls itself is hostile."""
    client = house.client()
    client.reply()
    assert client.ask(f"EHLO {name}").startswith(b"250-")
    client.deliver(HELLO, ADA)
    assert re.search(rb"\r\nReceived: from [A-Za-z0-9._:?\[\]-]+ \(\[127\.0\.0\.1\]\)\r\n\tby ", house.inbox()[0])


def test_each_recipient_sees_its_own_and_none_the_others(house: House) -> None:
    """DESIGN 1.2: one message, a view for each; accounts that are reached twice get it once."""
    house.peer().deliver(HELLO, "team@example.org", BOB, CAROL, "everybody@example.org", "ada+x@example.org")
    for address, delivered_to in ((ADA, ADA), (BOB, BOB), (CAROL, CAROL)):
        (seen,) = house.inbox(address)
        assert re.findall(rb"Delivered-To: (.*)\r\n", seen) == [delivered_to.encode()]
        others = {ADA, BOB, CAROL, "team@example.org", "everybody@example.org"} - {delivered_to}
        assert not [other for other in others if other.encode() in seen.replace(HELLO, b"")]


def test_the_next_hop_sees_received_and_nothing_of_ours_besides(house: House) -> None:
    """RFC 5321 4.4: Return-Path is the final delivery's; Delivered-To would tell of an alias or another."""
    house.peer().deliver(HELLO, ADA, "out@example.org")
    (queued,) = house.queue()
    assert queued.seen.startswith(b"Received: from client.example ")
    assert queued.seen.endswith(HELLO)
    assert queued.seen.count(b"\r\n\r\n") == 1
    assert b"Delivered-To" not in queued.seen
    assert b"Return-Path" not in queued.seen
    assert queued.entry.size_octets == len(queued.seen)


def test_a_return_path_that_came_along_is_left_out(house: House) -> None:
    """RFC 5321 4.4: "ensure that only one Return-Path is present"; what was received keeps it (DESIGN 1.2)."""
    message = b"Return-Path: <x@y.example>\r\n" + HELLO.replace(b"Subject", b"RETURN-path : <z>\r\nSubject")
    house.peer().deliver(message, ADA)
    (seen,) = house.inbox()
    assert re.findall(rb"(?i)return-path *: *(.*)\r\n", seen) == [b"<eve@elsewhere.example>"]
    assert seen.endswith(HELLO)
    assert house.stored() == [message]


@pytest.mark.parametrize(
    "value",
    [
        b" mail.example.org; spf=pass",
        b" Mail.Example.ORG;",
        b" mail.example.org",
        b" mail.example.org.; spf=pass",
        b" mail.example.org 1; spf=pass",
        b"mail.example.org;",
        b"\r\n\tmail.example.org;\r\n\tspf=pass",
        b' "mail.example.org"; spf=pass',
        b' "mail\\.example\\.org"; spf=pass',
        b" (a comment) mail.example.org; spf=pass",
        b" (a (nested) one) mail.example.org; spf=pass",
        b" (with \\) in it) mail.example.org; spf=pass",
        b" mail.example.org(behind); spf=pass",
        b" mail.example.org\t(behind) 1; spf=pass",
    ],
)
def test_authentication_results_in_our_own_name_are_forged(house: House, value: bytes) -> None:
    """RFC 8601 5: must be removed, however they are written (2.2); we have not written any yet."""
    house.peer().deliver(b"Authentication-Results:" + value + b"\r\n" + HELLO, ADA, "out@example.org")
    assert house.inbox()[0].endswith(b"+0000\r\n" + HELLO)
    assert house.queue()[0].seen.endswith(b"+0000\r\n" + HELLO)


@pytest.mark.parametrize(
    "value",
    [
        b" mx.elsewhere.example; spf=pass",
        b" mail.example.org.elsewhere.example; x=y",
        b" example.org; spf=pass",
        b" (mail.example.org) mx.elsewhere.example; spf=pass",
        b" (open mail.example.org",
        b' "open',
        b" ;",
        b"",
    ],
)
def test_those_of_others_stay(house: House, value: bytes) -> None:
    """RFC 8601 5: they may be of use to whoever trusts them; we remove what claims to be ours."""
    message = b"Authentication-Results:" + value + b"\r\n" + HELLO
    house.peer().deliver(message, ADA)
    assert house.inbox()[0].endswith(message)


def test_as_many_fields_as_are_read_one_by_one_are_all_looked_at(house: House) -> None:
    """DESIGN 1.2 holds at the limit: the last field is left out like the first."""
    forged = b"Authentication-Results: mail.example.org; x=y\r\n"
    rest = HELLO.partition(b"\r\n\r\n")[2]
    usual = b"X: y\r\n" * (FIELD_LINES_MAX - 2)
    peer = house.peer()
    assert peer.deliver(usual + forged + b"\r\n" + rest, ADA).startswith(b"250 ")
    assert house.inbox()[0].endswith(b"X: y\r\n\r\n" + rest)
    for more in (1, 2, 3, 1_000):
        message = b"X: y\r\n" * more + usual + forged + b"\r\n" + rest
        assert peer.deliver(message, ADA).startswith(b"552 5.3.4 the header section ")
        assert peer.deliver(message.replace(b"\r\n\r\n", b"\r\n"), ADA).startswith(b"552 5.3.4 ")


def test_a_header_section_of_few_lines_has_a_limit_too(house: House) -> None:
    """Issue 4: every limit with its source (Exim's header_maxsize); its fields are kept beside the message."""
    peer = house.peer()
    assert peer.deliver(b"X: " + b"y" * HEADER_OCTETS_MAX + b"\r\n" + HELLO, ADA).startswith(b"552 5.3.4 ")
    assert house.is_empty()
    assert peer.deliver(b"X: " + b"y" * (HEADER_OCTETS_MAX - 1_000) + b"\r\n" + HELLO, ADA).startswith(b"250 ")


def test_what_is_left_out_costs_no_more_than_its_length(house: House) -> None:
    """A header section of hidden fields in between others: linear, or one message would stop the loop for seconds."""
    pairs = b"Return-Path: <>\r\nX: y\r\n" * (FIELD_LINES_MAX // 2 - 5)
    assert house.peer().deliver(pairs + HELLO, ADA, BOB, CAROL, "out@example.org").startswith(b"250 ")
    for address in (ADA, BOB, CAROL):
        assert house.inbox(address)[0].count(b"Return-Path") == 1
