"""The plan of one acceptance: who gets what, and why (`delivery.plan`). No database, no socket."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated_mail import GeneratedMail, mails
from posthouse.delivery.arrival import Entrance
from posthouse.delivery.errors import HeaderTooLarge, TooManyHops
from posthouse.delivery.plan import HEADER_OCTETS_MAX, RECEIVED_FIELDS_MAX
from posthouse.history.daily import Sums
from posthouse.message.headers import FIELD_LINES_MAX
from unit.delivery.arrivals import ADA, BOB, CAROL, FRIEND, HELLO, NOON, TO_ADA, plan, seen, to


def test_each_account_gets_it_once_with_a_view_of_its_own() -> None:
    """DESIGN 1.2: the way by which it was reached first is the one that its Delivered-To names."""
    made = plan(
        HELLO, to("team@example.org", CAROL, ADA), to("ada@example.org", ADA), to("bob+x@example.org", BOB)
    )
    assert [delivery.account_id for delivery in made.deliveries] == [ADA, BOB, CAROL]
    named = [re.findall(rb"Delivered-To: (.*)\r\n", seen(delivery.view, HELLO)) for delivery in made.deliveries]
    assert named == [[b"team@example.org"], [b"bob+x@example.org"], [b"team@example.org"]]


def test_accounts_are_written_in_their_order() -> None:
    """DESIGN 5: rows are locked in ascending account_id, so that two acceptances never wait for each other."""
    made = plan(HELLO, to("x@example.org", CAROL, BOB), to("y@example.org", ADA))
    assert [delivery.account_id for delivery in made.deliveries] == [1, 2, 3]


def test_addresses_elsewhere_are_queued_once() -> None:
    """Domains compare without case, other hosts' local parts do not (RFC 5321 2.4)."""
    made = plan(
        HELLO, to(FRIEND), to("out@example.org", ADA, remote=(FRIEND, "Friend@elsewhere.example")),
        to("friend@ELSEWHERE.example"),
    )  # fmt: skip
    assert list(map(str, made.elsewhere)) == [FRIEND, "Friend@elsewhere.example"]


def test_it_adds_up() -> None:
    """DESIGN 1.7: recipients after aliases; and the bytes have a use for each account and one for the queue."""
    made = plan(HELLO, to("everybody@example.org", ADA, BOB, remote=(FRIEND, "b@c.example")), TO_ADA)
    assert made.sums == Sums(accepted=4, delivered=2, queued=2)
    assert made.blob_uses == 3
    assert plan(HELLO).blob_uses == 1
    assert plan(HELLO, to(FRIEND)).blob_uses == 1


def test_a_sole_recipient_is_named_in_received_and_of_several_none() -> None:
    """RFC 5321 4.4, 7.2."""
    assert b"\r\n\tfor <ada@example.org>;" in seen(plan(HELLO).relay_view, HELLO)
    assert b"\r\n\tfor <Postmaster>;" in seen(plan(HELLO, to("Postmaster", ADA)).relay_view, HELLO)
    assert b"\tfor" not in seen(plan(HELLO, TO_ADA, to(FRIEND)).relay_view, HELLO)


def test_an_accounts_view_is_the_next_hops_with_two_fields_before_it() -> None:
    """RFC 5321 4.4: what the final delivery writes stands above what the transport wrote."""
    made = plan(HELLO)
    ours = b"Return-Path: <eve@elsewhere.example>\r\nDelivered-To: ada@example.org\r\n"
    assert seen(made.deliveries[0].view, HELLO) == ours + seen(made.relay_view, HELLO)


@given(mails())
def test_every_view_ends_with_the_whole_message(mail: GeneratedMail) -> None:
    """DESIGN 1.2: pieces touch the header section alone; the body is one range to the end, sizes are the view's own."""
    made = plan(mail.octets, TO_ADA, to(FRIEND))
    for view in (made.relay_view, made.deliveries[0].view):
        shown = seen(view, mail.octets)
        assert shown.endswith(mail.octets[view.body.offset :])
        assert b"".join(shown.splitlines()).endswith(b"".join(mail.octets.splitlines()))
        assert len(shown) == view.size_octets
        assert view.body.end == len(mail.octets)
        assert len(shown) - view.body.length == view.header_octets


@given(st.binary(max_size=300))
def test_no_octets_are_too_strange_for_a_plan(octets: bytes) -> None:
    """Malformed mail never fails, at port 25."""
    made = plan(octets, TO_ADA, to(FRIEND))
    assert seen(made.deliveries[0].view, octets).endswith(octets[made.relay_view.body.offset :])


def test_a_hundred_hops_are_well_and_one_more_is_a_loop() -> None:
    """RFC 5321 6.3; the field's name has no case."""
    hop = b"received: by x\r\n"
    assert plan(hop * RECEIVED_FIELDS_MAX + HELLO).deliveries
    with pytest.raises(TooManyHops):
        plan(hop * RECEIVED_FIELDS_MAX + b"RECEIVED : by x\r\n" + HELLO)


@pytest.mark.parametrize("entrance", Entrance)
@pytest.mark.parametrize(
    "header",
    [
        b"X: y\r\n" * FIELD_LINES_MAX,
        b"X: y\r\n y\r\n" * (FIELD_LINES_MAX // 2),
        b"X: y\r\n" * 10 * FIELD_LINES_MAX,
        b"X: " + b"y" * HEADER_OCTETS_MAX + b"\r\n",
        (b"X: " + b"y" * 1_000 + b"\r\n") * (HEADER_OCTETS_MAX // 1_000),
    ],
    ids=["lines", "folded lines", "many lines", "one long line", "octets"],
)
def test_a_header_section_over_its_limits_is_refused(entrance: Entrance, header: bytes) -> None:
    """DESIGN 1.6: clearly, at the limit. With and without an empty line, for where it is missing the rest is text."""
    for message in (header + HELLO, header):
        with pytest.raises(HeaderTooLarge):
            plan(message, entrance=entrance)


def test_text_of_many_lines_is_no_header_section() -> None:
    """What has no fields at all is a body, however long."""
    assert plan(b"a line of text\r\n" * 2 * FIELD_LINES_MAX).deliveries
    assert plan(HELLO + b"a: line\r\n" * 2 * FIELD_LINES_MAX).deliveries


@pytest.mark.parametrize(
    ("date", "sent"),
    [("Thu, 01 Jan 1970 00:00:00 +0000", 0), ("Mon, 21 Sep 2026 16:13:20 +0200", NOON), ("soon", NOON), ("", NOON)],
)
def test_the_date_is_the_messages_own_where_it_has_one(date: str, sent: int) -> None:
    """RFC 3501 6.4.4: the first second of 1970 is a date, too."""
    assert plan(f"Date: {date}\r\n".encode() + HELLO).sent_date == sent


def test_what_a_submitted_message_lacks_is_in_the_forms_made_ready_for_imap() -> None:
    """DESIGN 1.2: ENVELOPE and the fields are those of the view: with what was added, without what was left out."""
    message = b"From: ada@example.org\r\nBcc: secret@elsewhere.example\r\nSubject: hello\r\n\r\n"
    made = plan(message, entrance=Entrance.SUBMISSION)
    forms = made.wire.envelope + made.wire.fields
    assert b"secret" not in forms
    assert forms.count(b"<session-1@mail.example.org>") == 2
    assert made.sent_date == NOON
    assert made.decision.message_id == "<session-1@mail.example.org>"
    received = plan(message)
    assert b"secret" in received.wire.envelope
    assert received.decision.message_id is None


def test_the_decision_has_the_facts_and_the_reasons() -> None:
    """DESIGN 1.5."""
    decision = plan(HELLO, to("everybody@example.org", BOB, ADA, remote=(FRIEND,)), to("Postmaster", ADA)).decision
    assert (decision.session, decision.door, decision.peer_ip) == ("session", "receiver", "192.0.2.1")
    assert (decision.ehlo_name, decision.tls, decision.originator) == ("client.example", True, None)
    assert (decision.reverse_path, decision.size_octets) == ("eve@elsewhere.example", len(HELLO))
    assert [(each.forward_path, each.accounts, each.elsewhere) for each in decision.recipients] == [
        ("everybody@example.org", (BOB, ADA), (FRIEND,)),
        ("Postmaster", (ADA,), ()),
    ]


@pytest.mark.parametrize("value", [b"\xff\xfe", b"x" * 100_000, b"", "<\u00fc@x>".encode(), b"a\r\n b"])
def test_a_hostile_message_id_is_kept_short_and_readable(value: bytes) -> None:
    """A record is JSON and has a limit, whatever stands in the field."""
    message_id = plan(b"Message-ID: " + value + b"\r\n\r\n").decision.message_id
    assert message_id is None or len(message_id) <= 998
