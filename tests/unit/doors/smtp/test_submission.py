"""Ports 587 and 465: in whose name an account may write, and what is done to its mail (RFC 6409)."""

import re

import pytest

from unit.doors.smtp.house import ADA, BOB, CAROL, FRIEND, FROM_ADA, NOON_DATE, House

BODY = b"\r\nGood day.\r\n"


def written_by(author: str) -> bytes:
    return f"Date: Mon, 21 Sep 2026 16:00:00 +0200\r\n{author}\r\nMessage-ID: <1@x>\r\n".encode() + BODY


@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_an_account_writes_to_anywhere(house: House, door: str) -> None:
    """Issue 4: 587 under STARTTLS and 465 under TLS take mail to anywhere."""
    peer = house.submitter(door=door)
    assert peer.deliver(FROM_ADA, BOB, CAROL, FRIEND, reverse_path=ADA).startswith(b"250 2.0.0 ")
    assert house.inbox(BOB)[0].endswith(FROM_ADA)
    assert house.inbox(CAROL)[0].endswith(FROM_ADA)
    assert [queued.forward_paths for queued in house.queue()] == [[FRIEND]]


def test_an_unknown_address_of_ours_is_refused_to_our_accounts_too(house: House) -> None:
    """RFC 6409 6.2: what is known to fail is said at once."""
    assert house.submitter().begin("nobody@example.org", reverse_path=ADA)[1].startswith(b"550 5.1.1 ")


@pytest.mark.parametrize(
    ("reverse_path", "said"),
    [
        (ADA, b"250 2.1.0 "),
        ("ADA@EXAMPLE.ORG", b"250 2.1.0 "),
        ("ada+lists@example.org", b"250 2.1.0 "),
        ("sales@example.org", b"250 2.1.0 "),
        ("sales+x@example.org", b"250 2.1.0 "),
        ("team@example.org", b"250 2.1.0 "),
        ("everybody@example.org", b"250 2.1.0 "),
        ("postmaster@example.org", b"250 2.1.0 "),
        ("", b"250 2.1.0 "),
        (BOB, b"550 5.7.1 "),
        ("nobody@example.org", b"550 5.7.1 "),
        ("out@example.org", b"550 5.7.1 "),
        ("ada@example.com", b"550 5.7.1 "),
        (FRIEND, b"550 5.7.1 "),
        ("ada@elsewhere.example", b"550 5.7.1 "),
    ],
)
def test_a_reverse_path_must_be_the_accounts_own(house: House, reverse_path: str, said: bytes) -> None:
    """RFC 6409 6.1; +tags and aliases that lead to the account are its own."""
    assert house.submitter().ask(f"MAIL FROM:<{reverse_path}>").startswith(said)


@pytest.mark.parametrize(
    ("author", "said"),
    [
        ("From: ada@example.org", b"250 "),
        ("From: Ada <Ada+x@Example.org>", b"250 "),
        ("From: Sales <sales@example.org>", b"250 "),
        ('From: "bob@example.org" <ada@example.org>', b"250 "),
        ("From: (bob@example.org) ada@example.org", b"250 "),
        ("From: ada@example.org <ada@example.org>", b"250 "),
        ("From: Ada <ada@example.org>, Team <team@example.org>", b"250 "),
        ("From: us: ada@example.org, sales@example.org;", b"250 "),
        ("FROM\t: ada@example.org", b"250 "),
        ("From: =?utf-8?q?=C3=85da?=\r\n <ada@example.org>", b"250 "),
        ("From: bob@example.org", b"550 5.7.1 "),
        ("From: Ada <ada@example.org>, bob@example.org", b"550 5.7.1 "),
        ("From: bob@example.org, Ada <ada@example.org>", b"550 5.7.1 "),
        ("From: us: ada@example.org, friend@elsewhere.example;", b"550 5.7.1 "),
        ("From: ada@example.org\r\nFrom: bob@example.org", b"550 5.7.1 "),
        ("From: ada@example.org\r\nX: y\r\nfrom :\r\n bob@example.org", b"550 5.7.1 "),
        ("From: <bob@example.org> <ada@example.org>", b"550 5.7.1 "),
        ("From: bob@example.org <ada@example.org>", b"550 5.7.1 "),
        ("From: ada@example.org <bob@example.org>", b"550 5.7.1 "),
        ("From: <@bob@example.org:ada@example.org>", b"550 5.7.1 "),
        ("From: bob@example.org;ada@example.org", b"550 5.7.1 "),
        ("From: bob @ example.org <ada@example.org>", b"550 5.7.1 "),
        ("From: bob@(x)example.org <ada@example.org>", b"550 5.7.1 "),
        ("From: ada@example.org (c)" + "," * 20_000 + "bob@example.org", b"554 5.6.0 "),
        ("From: ada", b"554 5.6.0 "),
        ("From: undisclosed:;", b"554 5.6.0 "),
        ("From: ", b"554 5.6.0 "),
        ("Sender: ada@example.org", b"554 5.6.0 "),
    ],
)
def test_every_author_must_be_the_accounts_own(house: House, author: str, said: bytes) -> None:
    """RFC 6409 6.1, RFC 5322 3.6.2. What readers could take for the author is one, however it is written."""
    assert house.submitter().deliver(written_by(author), BOB, reverse_path=ADA).startswith(said)
    assert len(house.inbox(BOB)) == (said == b"250 ")


def test_a_mail_without_author_is_refused_whatever_it_looks_like(house: House) -> None:
    """RFC 6409 8, RFC 5322 3.6: From is the one field besides Date that must be there, and we do not guess it."""
    peer = house.submitter()
    for message in (b"", b"hello\r\n", b"Subject: x\r\n\r\nFrom: ada@example.org\r\n"):
        assert peer.deliver(message, BOB, reverse_path=ADA).startswith(b"554 5.6.0 ")
    assert house.is_empty()


def test_the_refusal_names_the_author_and_is_one_line(house: House) -> None:
    """A peer's octets never begin a line of ours."""
    said = house.submitter().deliver(written_by("From: bób\x85@example.org"), BOB, reverse_path=ADA)
    assert re.fullmatch(rb"55[04] 5\.[76]\.[01] [ -~]+", said)


def test_date_and_message_id_are_added(house: House) -> None:
    """RFC 6409 8.2, 8.3: both are ours to make when the author's program has not."""
    house.submitter().deliver(b"From: ada@example.org\r\nSubject: bare\r\n" + BODY, BOB, reverse_path=ADA)
    (seen,) = house.inbox(BOB)
    assert f"\r\nDate: {NOON_DATE.decode()}\r\n".encode() in seen
    assert re.search(rb"\r\nMessage-ID: <[a-z0-9]+-1@mail\.example\.org>\r\n", seen)
    assert house.stored() == [b"From: ada@example.org\r\nSubject: bare\r\n" + BODY]


def test_empty_ones_are_replaced(house: House) -> None:
    """A Date without a date is no Date (RFC 5322 3.6.1)."""
    house.submitter().deliver(
        b"From: ada@example.org\r\nDate: \r\nMessage-ID:\r\n" + BODY, BOB, reverse_path=ADA
    )
    (seen,) = house.inbox(BOB)
    assert seen.count(b"\r\nDate: ") == seen.count(b"\r\nMessage-ID: ") == 1
    assert f"\r\nDate: {NOON_DATE.decode()}\r\n".encode() in seen


def test_those_that_are_there_stay(house: House) -> None:
    """RFC 6409 8: only what is missing is added."""
    house.submitter().deliver(FROM_ADA, BOB, reverse_path=ADA)
    (seen,) = house.inbox(BOB)
    assert seen.endswith(FROM_ADA)
    assert seen.count(b"Date:") == seen.count(b"Message-ID:") == 1


def test_port_25_adds_nothing_to_what_strangers_write(house: House) -> None:
    """RFC 6409 8 is for submission; RFC 5321 6.4 warns of mending what others send."""
    bare = b"Subject: bare\r\nBcc: ada@example.org\r\n" + BODY
    house.peer().deliver(bare, ADA)
    (seen,) = house.inbox()
    assert seen.endswith(bare)
    assert b"Date:" not in seen
    assert b"Message-ID:" not in seen


@pytest.mark.parametrize(
    "blind",
    [b"Bcc: carol@example.com\r\n", b"bCC :\r\n carol@example.com,\r\n\tfriend@elsewhere.example\r\n", b"Bcc:\r\n",
     b"Resent-Bcc: carol@example.com\r\n", b"Bcc: a@b\r\nX: y\r\nBcc: carol@example.com\r\n"],
)    # fmt: skip
def test_blind_copies_are_left_out_for_everyone(house: House, blind: bytes) -> None:
    """RFC 5322 3.6.3: nobody sees who else got one; the stored bytes keep it (DESIGN 1.2)."""
    message = blind + FROM_ADA
    house.submitter().deliver(message, BOB, CAROL, FRIEND, reverse_path=ADA)
    assert house.stored() == [message]
    for seen in (*house.inbox(BOB), *house.inbox(CAROL), house.queue()[0].seen):
        assert re.search(rb"^(?:resent-)?bcc[ \t]*:", seen, re.IGNORECASE | re.MULTILINE) is None
    assert b"carol" not in house.inbox(BOB)[0] + house.queue()[0].seen


def test_a_return_path_of_the_authors_is_left_out(house: House) -> None:
    """RFC 5321 4.4: a submitter must not write one."""
    house.submitter().deliver(b"Return-Path: <x@y.example>\r\n" + FROM_ADA, BOB, FRIEND, reverse_path=ADA)
    assert house.inbox(BOB)[0].count(b"Return-Path:") == 1
    assert b"Return-Path" not in house.queue()[0].seen


def test_the_account_is_named_in_the_decision_and_nowhere_in_the_mail(house: House) -> None:
    """DESIGN 1.5: why it was taken is kept; a recipient of mail from an alias does not learn whose it is."""
    message = written_by("From: sales@example.org")
    house.submitter().deliver(message, BOB, reverse_path="sales@example.org")
    assert [record.originator for record in house.decisions()] == [ADA]
    assert b"ada@" not in house.inbox(BOB)[0]
