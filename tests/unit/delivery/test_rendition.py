from pathlib import Path

import pytest
from hypothesis import given

from generated_mail import GeneratedMail, mails
from posthouse.delivery.rendition import USUAL_FIELDS, body_of, render, sent_date
from posthouse.message.headers import HeaderSection
from posthouse.message.mime import scan
from posthouse.store.messages import Wire
from wire_lists import read_value

VECTORS = Path(__file__).parents[4] / "shared/vectors/mime"


def rendition(octets: bytes) -> Wire:
    section = HeaderSection.parse(octets)
    return render(section, scan(octets, section))


MESSAGE = (
    b"Received: from x\r\nDKIM-Signature: v=1\r\nFrom: a@b\r\nX-Secret: 1\r\nSUBJECT: hello\r\n world\r\nTo: c@d\r\n"
    b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n\r\nbody\r\n"
)


def test_the_usual_fields_are_kept_as_they_are() -> None:
    """What HEADER.FIELDS sends: original case, folding and order (RFC 3501 6.4.5)."""
    made = rendition(MESSAGE)
    assert made.fields == (
        b"From: a@b\r\nSUBJECT: hello\r\n world\r\nTo: c@d\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
    )


def test_fields_that_we_write_are_not_among_the_usual() -> None:
    """One rendition serves views with different prefixes."""
    ours = {b"received", b"return-path", b"delivered-to", b"authentication-results", b"dkim-signature", b"arc-seal"}
    assert not USUAL_FIELDS & ours


def test_what_mail_programs_ask_for_is_usual() -> None:
    thunderbird = (
        b"From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To"
        b" Content-Type Reply-To"
    )
    mutt = (
        b"DATE FROM SENDER SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO"
        b" LINES LIST-POST X-LABEL"
    )
    assert set(thunderbird.lower().split()) | set(mutt.lower().split()) <= USUAL_FIELDS


def test_a_header_section_may_come_from_a_view() -> None:
    """A submitted message is rendered as it is seen: with the Date that was added, without its Bcc."""
    stored = b"Bcc: hidden@x.test\r\nFrom: a@b\r\n\r\nbody"
    seen = HeaderSection.parse(b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: a@b\r\n\r\n")
    made = render(seen, scan(stored))
    assert b"hidden" not in made.envelope + made.fields
    assert made.envelope.startswith(b'("Fri, 21 Nov 1997 09:55:06 -0600"')


@pytest.mark.parametrize(
    ("header", "date"),
    [
        (b"Date: Thu, 01 Jan 1970 00:00:01 +0000\r\n", 1_000_000),
        (b"Date: Thu,\r\n 01 Jan 1970 01:00:01 +0100\r\n", 1_000_000),
        (b"Date: yesterday\r\n", None),
        (b"Subject: x\r\n", None),
    ],
)
def test_the_sent_date_is_the_date_fields(header: bytes, date: int | None) -> None:
    """RFC 3501 6.4.4 SENTBEFORE: the Date: header."""
    assert sent_date(HeaderSection.parse(header + b"\r\n")) == date


@given(mails())
def test_every_generated_message_is_rendered_well_formed(mail: GeneratedMail) -> None:
    made = rendition(mail.octets)
    read_value(made.envelope)
    read_value(made.bodystructure)
    read_value(body_of(made.bodystructure))


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared/vectors is not here")
def test_every_file_of_the_collection_is_rendered_well_formed() -> None:
    """The collection's pass mark: BODYSTRUCTURE and FETCH BODY[] of every message must work."""
    rendered = 0
    for path in VECTORS.rglob("*"):
        if path.is_file() and path.stat().st_size < 1_000_000:
            made = rendition(path.read_bytes())
            read_value(made.envelope)
            read_value(made.bodystructure)
            read_value(body_of(made.bodystructure))
            rendered += 1
    assert rendered > 500
