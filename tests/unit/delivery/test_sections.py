import pytest
from hypothesis import given

from generated_mail import Expected, GeneratedMail, mails
from posthouse.delivery.sections import SectionKind, find_section, pack_parts
from posthouse.message.headers import HeaderSection
from posthouse.message.mime import scan
from posthouse.message.view import View, read

WHOLE, HEADER, TEXT, MIME = SectionKind.WHOLE, SectionKind.HEADER, SectionKind.TEXT, SectionKind.MIME


class Seen:
    """A message as one view shows it, with its sections."""

    def __init__(self, octets: bytes, prefix: bytes = b"") -> None:
        self.octets = octets
        self.parts = pack_parts(scan(octets))
        self.view = View.whole(len(octets), HeaderSection.parse(octets).end).with_prefix(prefix)

    def section(self, kind: SectionKind, *path: int) -> bytes | None:
        found = find_section(self.parts, path, kind, self.view)
        if found is None:
            return None
        return read(self.view, found.offset, found.length, lambda offset, length: self.octets[offset : offset + length])


# RFC 3501 6.4.5 gives part numbers of such a message, which RFC 2046 calls a composite: here it is, written out.
#   1 text/plain   2 application/octet-stream   3 message/rfc822: 3.1 text, 3.2 octets
#   4 multipart/mixed: 4.1 image/gif, 4.2 message/rfc822: 4.2.1 text, 4.2.2 multipart/alternative: 4.2.2.1, 4.2.2.2
INNER_3 = (
    b"Subject: three\r\nContent-Type: multipart/mixed; boundary=three\r\n\r\n"
    b"--three\r\nContent-Type: text/plain\r\n\r\n3.1\r\n--three\r\n\r\n3.2\r\n--three--"
)
INNER_4_2 = (
    b"Subject: four two\r\nContent-Type: multipart/mixed; boundary=fourtwo\r\n\r\n"
    b"--fourtwo\r\n\r\n4.2.1\r\n--fourtwo\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n"
    b"--alt\r\nX: plain\r\n\r\n4.2.2.1\r\n--alt\r\nX: rich\r\n\r\n4.2.2.2\r\n--alt--\r\n--fourtwo--"
)
PART_4 = (
    b"--four\r\nContent-Type: image/gif\r\n\r\n4.1\r\n"
    b"--four\r\nContent-Type: message/rfc822\r\n\r\n" + INNER_4_2 + b"\r\n--four--"
)
BODY = (
    b"--top\r\nX: one\r\n\r\n1\r\n--top\r\nContent-Type: application/octet-stream\r\n\r\n2\r\n"
    b"--top\r\nContent-Type: message/rfc822\r\nX: three\r\n\r\n" + INNER_3 + b"\r\n"
    b"--top\r\nContent-Type: multipart/mixed; boundary=four\r\n\r\n" + PART_4 + b"\r\n--top--\r\n"
)
TOP = b"Subject: top\r\nContent-Type: multipart/mixed; boundary=top\r\n\r\n"
PREFIX = b"Received: from somewhere\r\n"


@pytest.mark.parametrize(
    ("path", "kind", "octets"),
    [
        ((), WHOLE, PREFIX + TOP + BODY),
        ((), HEADER, PREFIX + TOP),
        ((), TEXT, BODY),
        ((), MIME, None),
        ((1,), WHOLE, b"1"),
        ((1,), MIME, b"X: one\r\n\r\n"),
        ((1,), HEADER, None),    # only of MESSAGE/RFC822
        ((1,), TEXT, None),
        ((1, 1), WHOLE, None),
        ((2,), WHOLE, b"2"),
        ((3,), WHOLE, INNER_3),
        ((3,), MIME, b"Content-Type: message/rfc822\r\nX: three\r\n\r\n"),
        ((3,), HEADER, INNER_3[: INNER_3.index(b"\r\n\r\n") + 4]),
        ((3,), TEXT, INNER_3[INNER_3.index(b"\r\n\r\n") + 4 :]),
        ((3, 1), WHOLE, b"3.1"),
        ((3, 1), MIME, b"Content-Type: text/plain\r\n\r\n"),
        ((3, 2), WHOLE, b"3.2"),
        ((3, 3), WHOLE, None),
        ((4,), WHOLE, PART_4),
        ((4,), HEADER, None),    # a multipart is no message
        ((4, 1), WHOLE, b"4.1"),
        ((4, 1), MIME, b"Content-Type: image/gif\r\n\r\n"),
        ((4, 2), HEADER, INNER_4_2[: INNER_4_2.index(b"\r\n\r\n") + 4]),
        ((4, 2, 1), WHOLE, b"4.2.1"),
        ((4, 2, 2, 1), WHOLE, b"4.2.2.1"),
        ((4, 2, 2, 2), MIME, b"X: rich\r\n\r\n"),
        ((4, 2, 2, 3), WHOLE, None),
        ((5,), WHOLE, None),
        ((0,), WHOLE, None),
        ((2**31,), WHOLE, None),
    ],
)
def test_the_sections_of_the_standards_example(path: tuple[int, ...], kind: SectionKind, octets: bytes | None) -> None:
    """RFC 3501 6.4.5."""
    assert Seen(TOP + BODY, PREFIX).section(kind, *path) == octets


def test_a_message_that_is_no_multipart_has_a_part_1() -> None:
    """RFC 3501 6.4.5: "Every message has at least one part number"."""
    seen = Seen(b"Subject: x\r\n\r\nbody\r\n", PREFIX)
    assert seen.parts == b""
    assert seen.section(WHOLE, 1) == b"body\r\n"
    assert seen.section(MIME, 1) == PREFIX + b"Subject: x\r\n\r\n"
    assert seen.section(HEADER) == PREFIX + b"Subject: x\r\n\r\n"
    assert seen.section(TEXT) == b"body\r\n"
    assert [seen.section(WHOLE, 2), seen.section(WHOLE, 1, 1)] == [None, None]
    assert [seen.section(HEADER, 1), seen.section(TEXT, 1)] == [None, None]


def test_a_message_that_is_a_message() -> None:
    inner = b"Subject: inner\r\n\r\ntext"
    seen = Seen(b"Content-Type: message/rfc822\r\n\r\n" + inner)
    assert seen.section(WHOLE, 1) == inner
    assert seen.section(HEADER, 1) == b"Subject: inner\r\n\r\n"
    assert seen.section(TEXT, 1) == b"text"
    assert seen.section(MIME, 1) == b"Content-Type: message/rfc822\r\n\r\n"
    assert seen.section(WHOLE, 1, 1) == b"text"
    assert seen.section(MIME, 1, 1) == b"Subject: inner\r\n\r\n"
    assert seen.section(WHOLE, 1, 1, 1) is None


def check(seen: Seen, expected: Expected, path: tuple[int, ...], *, is_message: bool) -> None:
    """Walk the model by the rules of RFC 3501 6.4.5 and compare every section."""
    if is_message and expected.media_type.startswith("multipart"):
        for number, child in enumerate(expected.children, 1):
            check(seen, child, (*path, number), is_message=False)
        return
    if is_message:
        path = (*path, 1)
    assert seen.section(WHOLE, *path) == expected.body
    header = seen.section(MIME, *path)
    assert header is not None
    assert header.removesuffix(b"\n").removesuffix(b"\r") == expected.header
    if expected.media_type == "message/rfc822":
        (message,) = expected.children
        assert seen.section(TEXT, *path) == message.body
        assert (seen.section(HEADER, *path) or b"").startswith(message.header)
        check(seen, message, path, is_message=True)
    elif expected.children:
        for number, child in enumerate(expected.children, 1):
            check(seen, child, (*path, number), is_message=False)
    assert seen.section(WHOLE, *path, len(expected.children) + 1) is None or expected.media_type == "message/rfc822"


@given(mails())
def test_every_section_is_what_the_model_says(mail: GeneratedMail) -> None:
    check(Seen(mail.octets), mail.expected, (), is_message=True)


def test_the_packed_form_is_compact() -> None:
    """Fifteen parts, fifteen octets each."""
    assert len(Seen(TOP + BODY).parts) == 15 * 15
