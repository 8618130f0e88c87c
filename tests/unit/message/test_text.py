import base64
import quopri

from hypothesis import given
from hypothesis import strategies as st

from generated_mail import GeneratedMail, mails
from posthouse.message.headers import HeaderSection
from posthouse.message.mime import scan
from posthouse.message.text import searchable_header, searchable_text
from posthouse.protocol.smtp.settings import ServerSettings


def text_of(octets: bytes) -> str:
    return searchable_text(octets, scan(octets))


def part(content_type: str, encoding: str, body: bytes) -> bytes:
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def mixed(*parts: bytes) -> bytes:
    inside = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n" + inside + b"--b--\r\n"


def test_charsets_and_encodings_are_undone() -> None:
    """RFC 3501 6.4.4: SEARCH reads text in its charset, whatever the transfer encoding."""
    octets = mixed(
        part("text/plain; charset=utf-8", "base64", base64.encodebytes("Grüße".encode())),
        part("text/html; charset=iso-8859-2", "quoted-printable", quopri.encodestring("<p>žluť".encode("iso8859-2"))),
        part("text/plain; charset=iso-2022-jp", "7bit", "日本語".encode("iso2022_jp")),
    )
    text = text_of(octets)
    assert "Grüße" in text
    assert "<p>žluť" in text
    assert "日本語" in text


def test_the_last_word_of_the_longest_message_is_found() -> None:
    """Issue 4: SEARCH is exact, in as much as the doors take by default (50 MiB)."""
    body = b"x" * (ServerSettings("mail.example.org").message_size_octets_max - 100) + b"\r\nlast-word\r\n"
    assert text_of(b"Subject: long\r\n\r\n" + body).endswith("last-word\r\n")


def test_what_is_no_text_is_not_read() -> None:
    text = text_of(mixed(part("image/png", "7bit", b"not text"), part("text/plain", "7bit", b"text")))
    assert "not text" not in text
    assert "preamble" not in text


def test_header_sections_of_parts_and_messages_within_are_read() -> None:
    inner = b"Subject: =?utf-8?q?inn=C3=A9r?=\r\nFrom: a@b\r\n\r\nhello"
    text = text_of(mixed(b"Content-Type: message/rfc822\r\n\r\n" + inner, b"Content-Description: described\r\n\r\n"))
    assert "Subject: innér\nFrom: a@b" in text
    assert "hello" in text
    assert "described" in text


def test_reports_are_read_as_text() -> None:
    """RFC 3464: what failed stands in a message/delivery-status part."""
    assert "Action: failed" in text_of(mixed(part("message/delivery-status", "7bit", b"Action: failed\r\n")))


def test_the_messages_own_header_section_is_read_apart() -> None:
    """What one sees of it depends on the view."""
    octets = b"Subject: =?utf-8?b?w6Q=?=\r\n folded\r\nnot a field\r\nX: y\r\n\r\nbody"
    assert "Subject" not in text_of(octets)
    assert searchable_header(HeaderSection.parse(octets)) == "Subject: ä folded\nnot a field\nX: y"
    nested = b"To: b@c\r\n\r\n" + octets
    assert searchable_header(HeaderSection.parse(nested, 11, len(nested))).startswith("Subject: ä")


@given(mails())
def test_no_message_is_an_error(mail: GeneratedMail) -> None:
    ascii_lines = [line for line in mail.expected.body.splitlines() if line.isascii()]
    text = text_of(mail.octets)
    if mail.expected.media_type.startswith("text/"):
        assert all(line.decode() in text for line in ascii_lines)


charsets = st.sampled_from(["utf-8", "utf-7", "utf-16", "x", "punycode"])


@given(st.binary(max_size=100), charsets, st.sampled_from(["base64", "quoted-printable", "8bit"]))
def test_no_octets_are_an_error(octets: bytes, charset: str, encoding: str) -> None:
    assert isinstance(text_of(part(f"text/plain; charset={charset}", encoding, octets)), str)
