import email
import email.header
import email.policy
import email.utils
import re
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.address import Address, Domain, parse_address
from posthouse.message.compose import Attachment, ComposedMessage, compose
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.encoded_fields import NamedAddress
from posthouse.message.headers import HeaderSection
from posthouse.message.mime import scan

ALICE = NamedAddress(parse_address("alice@example.org"), "Alice")
BOB = NamedAddress(parse_address("bob@example.net"))


def message(**changes: object) -> ComposedMessage:
    usual: dict[str, object] = {
        "author": ALICE,
        "to": (BOB,),
        "subject": "Hello",
        "text": "A line.\nAnother.\n",
        "date": ZonedInstant(Instant(880_127_706_000_000), -360),
        "message_id": "1234@example.org",
        "boundary_seed": b"seed",
    }
    return ComposedMessage(**(usual | changes))


def read_back(octets: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def test_a_plain_message_is_as_the_standards_say() -> None:
    assert compose(message()) == (
        b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: Alice <alice@example.org>\r\nTo: <bob@example.net>\r\n"
        b"Subject: Hello\r\nMessage-ID: <1234@example.org>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nA line.\r\nAnother.\r\n"
    )


subjects = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120).map(str.strip)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
file_names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=80)
media_types = st.sampled_from(["application/pdf", "text/html"])
attachments = st.builds(Attachment, file_names, media_types, st.binary(max_size=200))


@given(subjects, texts, st.lists(attachments, max_size=3).map(tuple))
def test_what_is_composed_is_read_back_by_the_standard_library(
    subject: str, text: str, attached: tuple[Attachment, ...]
) -> None:
    parsed = read_back(compose(message(subject=subject, text=text, attachments=attached)))
    assert parsed["Subject"] == subject
    body = parsed.get_body()
    assert body is not None
    said = body.get_payload(decode=True).decode(body.get_content_charset(""))
    assert said.replace("\r\n", "\n").rstrip("\n") == re.sub("\r\n|\r|\n", "\n", text).rstrip("\n")
    found = list(parsed.iter_attachments())
    assert [part.get_payload(decode=True) for part in found] == [attachment.octets for attachment in attached]
    assert [part.get_content_type() for part in found] == [attachment.media_type for attachment in attached]


@given(file_names)
def test_file_names_are_read_back(name: str) -> None:
    """RFC 2183 2.3, RFC 2231 3 and 4."""
    octets = compose(message(attachments=(Attachment(name, "image/png", b"png"),)))
    disposition = scan(octets).parts[1].disposition
    assert disposition is not None
    assert disposition.parameters["filename"] == name


@given(subjects, texts, file_names, subjects)
def test_lines_are_short_and_end_with_crlf(subject: str, text: str, file_name: str, display_name: str) -> None:
    """RFC 5322 2.1.1: 998 octets at most; 2.3: CR and LF only together."""
    octets = compose(
        message(subject=subject * 20, text=text * 30, author=NamedAddress(ALICE.address, display_name),
                attachments=(Attachment(file_name * 5, "text/plain", b"x" * 3000),))
    )  # fmt: skip
    assert octets.endswith(b"\r\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert not re.search(b"\r(?!\n)|(?<!\r)\n", octets)
    assert octets.isascii()


hostile = st.text("a\r\n: <>,;\"\\=?\0\u2028", max_size=40)


@given(hostile, hostile, hostile)
def test_no_word_of_a_person_makes_another_field(subject: str, name: str, file_name: str) -> None:
    author, attached = NamedAddress(ALICE.address, name), Attachment(file_name, "a/b", b"")
    octets = compose(message(subject=subject, author=author, attachments=(attached,)))
    section = HeaderSection.parse(octets)
    assert [field.lower for field in section.fields] == [
        b"date", b"from", b"to", b"subject", b"message-id", b"mime-version", b"content-type",
    ]  # fmt: skip
    assert [field.lower for field in scan(octets).parts[1].header.fields] == [
        b"content-type", b"content-transfer-encoding", b"content-disposition",
    ]  # fmt: skip
    assert read_back(octets)["From"].addresses[0].addr_spec == "alice@example.org"


@pytest.mark.parametrize(
    "name",
    ["Alice", "Alice B. Carol", 'Alice "Q" Carol', "Älice", "=?utf-8?q?x?=", "a" * 200, "A, B", "日本 " * 20, "(A)"],
)
def test_display_names_are_read_back(name: str) -> None:
    """RFC 5322 3.2.5 phrase, RFC 2047 5 (3)."""
    octets = compose(message(author=NamedAddress(ALICE.address, name)))
    # The library's newer parser leaves spaces between the encoded words of a display name; its older one does not.
    display_name, address = email.utils.parseaddr(email.message_from_bytes(octets)["From"].replace("\r\n", ""))
    assert str(email.header.make_header(email.header.decode_header(display_name))) == name.strip()
    assert address == "alice@example.org"


def test_many_recipients_are_folded() -> None:
    addresses = [Address(f"person{number}", Domain("example.org")) for number in range(200)]
    octets = compose(message(to=tuple(NamedAddress(address, f"Person {address.local_part}") for address in addresses)))
    assert [found.addr_spec for found in read_back(octets)["To"].addresses] == list(map(str, addresses))
    assert max(map(len, octets.split(b"\r\n"))) <= 78


def test_no_recipients_make_no_field() -> None:
    """RFC 5322 3.6.3: To is optional, and not empty."""
    assert b"\r\nTo:" not in compose(message(to=()))


def test_domains_are_written_as_a_labels() -> None:
    """RFC 5890: what is no A-label would need SMTPUTF8."""
    octets = compose(message(to=(NamedAddress(parse_address("a@bücher.example")),)))
    assert b"To: <a@xn--bcher-kva.example>\r\n" in octets


def test_a_boundary_is_in_no_part() -> None:
    """RFC 2046 5.1.1: it must not appear in what it encloses."""
    attached = (Attachment("a", "a/b", b""),)
    first = scan(compose(message(attachments=attached))).parameters["boundary"]
    octets = compose(message(text=f"--{first}\n--{first}--\n", attachments=attached))
    root = scan(octets)
    assert root.parameters["boundary"] != first
    assert len(root.parts) == 2


def test_equal_messages_are_equal_octets() -> None:
    attached = (Attachment("a", "a/b", b""),)
    assert compose(message(attachments=attached)) == compose(message(attachments=attached))
    other = compose(message(attachments=attached, boundary_seed=b"other"))
    assert other != compose(message(attachments=attached))


def test_parts_that_may_not_be_encoded_go_as_octets() -> None:
    """RFC 2046 5.1, 5.2.1: multipart and message allow no base64."""
    root = scan(compose(message(attachments=(Attachment("m.eml", "message/rfc822", b"Subject: x\r\n\r\n"),))))
    assert (root.parts[1].media_type, root.parts[1].subtype) == ("application", "octet-stream")


@pytest.mark.parametrize("media_type", ["", "text", "text/", "a/b; c=d", "a/b\r\nX: y", "ä/b", "a/" + "b" * 200])
def test_what_is_no_media_type_is_refused(media_type: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        Attachment("a", media_type, b"")


@pytest.mark.parametrize("message_id", ["", "a", "a@", "@b", "a b@c", "<a@b>", "a@b\r\nX: y", "ä@b", "a" * 500 + "@b"])
def test_what_is_no_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        message(message_id=message_id)
