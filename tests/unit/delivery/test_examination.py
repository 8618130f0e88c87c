"""What is soon read is examined at once, what was made to be costly on a thread (`delivery.examination`)."""

import pytest
from hypothesis import given

from generated_mail import GeneratedMail, mails
from posthouse.delivery.examination import QUICK_HEADER_OCTETS_MAX, examine, examine_if_quick
from posthouse.message.mime import QUICK_LIMITS, Part

MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
ATTACHMENT = MIXED + b"--b\r\n\r\nhello\r\n--b\r\n\r\n" + b"x" * 250_000 + b"\r\n--b--\r\n"


def shape(part: Part) -> tuple[object, ...]:
    """All that was found, in values that compare."""
    found = (part.media_type, part.subtype, part.header_start, part.body_start, part.body_end, part.lines)
    return (*found, dict(part.parameters), part.header.octets, tuple(map(shape, part.parts)))


@given(mails())
def test_the_quick_way_finds_what_the_thorough_one_finds(mail: GeneratedMail) -> None:
    """It is the same reading with tighter limits: it gives all, or nothing."""
    quick, thorough = examine_if_quick(mail.octets), examine(mail.octets)
    assert quick is not None
    assert shape(quick.root) == shape(thorough.root)
    assert quick.section.octets == thorough.section.octets


def parts(count: int) -> bytes:
    return MIXED + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


@pytest.mark.parametrize(
    "message",
    [b"", b"hello\r\n", ATTACHMENT, parts(QUICK_LIMITS.parts_max - 2), b"Subject: x\r\n\r\n" + b"a@b " * 60_000,
     b"X: " + b"y" * (QUICK_HEADER_OCTETS_MAX - 20) + b"\r\n\r\nbody\r\n"],
    ids=["nothing", "text", "an attachment", "many parts", "a long body", "a long header section"],
)  # fmt: skip
def test_usual_mail_is_quick_whatever_its_length(message: bytes) -> None:
    """The hot path makes no task (DESIGN 4)."""
    assert examine_if_quick(message) is not None


@pytest.mark.parametrize(
    "message",
    [parts(QUICK_LIMITS.parts_max), parts(20_000),
     b"Content-Type: message/rfc822\r\n\r\n" * QUICK_LIMITS.parts_max,
     b"Content-Type: message/rfc822\r\n\r\nTo: " + b"a@b, " * 4_000 + b"\r\n\r\n",
     b"Content-Type: message/rfc822\r\n\r\n" + b"X: y\r\n" * QUICK_LIMITS.fields_max + b"\r\n",
     b"X: y\r\n" * 10_000 + b"\r\n", b"To: " + b"a@b, " * 4_000 + b"\r\n\r\n", b"x" * 100_000],
    ids=["parts", "20,000 parts", "nested messages", "addresses within", "fields within", "fields", "addresses",
         "no header section in sight"],
)  # fmt: skip
def test_what_could_keep_the_loop_is_not(message: bytes) -> None:
    """DESIGN 5: what turns out long is repeated on a thread."""
    assert examine_if_quick(message) is None
    assert examine(message).root is not None
