import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated_mail import Expected, GeneratedMail, mails
from posthouse.delivery.structure_form import body_of, structure_form
from posthouse.message.mime import MimeLimits, scan
from wire_lists import Value, read_value


def structure(octets: bytes) -> Value:
    return read_value(structure_form(scan(octets)))


def body(octets: bytes) -> Value:
    return read_value(body_of(structure_form(scan(octets))))


NO_EXTENSION: list[Value] = [None, None, None, None]
US_ASCII: Value = [b"charset", b"us-ascii"]


def test_a_text_has_its_lines() -> None:
    """RFC 3501 7.4.2: the simple body of its example, 3028 octets in 92 lines."""
    text = b"x" * 114 + b"\r\n" + (b"x" * 30 + b"\r\n") * 91
    assert body_of(structure_form(scan(b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n" + text))) == (
        b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3028 92)'
    )


def test_the_multipart_of_the_standards_example() -> None:
    """RFC 3501 7.4.2: a two part message, text and a text attachment as base64."""
    one = b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n" + b"1\r\n" * 23
    two = (
        b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=cc.diff\r\nContent-Transfer-Encoding: BASE64\r\n"
        b"Content-ID: <960723163407.20117h@cac.washington.edu>\r\nContent-Description: Compiler diff\r\n\r\n"
        + b"2\r\n" * 73
    )
    octets = b"Content-Type: MULTIPART/MIXED; BOUNDARY=b\r\n\r\n--b\r\n" + one + b"\r\n--b\r\n" + two + b"\r\n--b--\r\n"
    assert body(octets) == [
        [b"text", b"plain", [b"charset", b"US-ASCII"], None, None, b"7bit", 69, 23],
        [b"text", b"plain", [b"charset", b"US-ASCII", b"name", b"cc.diff"], b"<960723163407.20117h@cac.washington.edu>",
         b"Compiler diff", b"base64", 219, 73],
        b"mixed",
    ]  # fmt: skip


def test_a_message_without_content_type_is_plain_us_ascii() -> None:
    """RFC 2045 5.2."""
    plain: list[Value] = [b"text", b"plain", US_ASCII, None, None, b"7bit"]
    assert structure(b"Subject: x\r\n\r\nbody") == [*plain, 4, 1, *NO_EXTENSION]
    assert structure(b"") == [*plain, 0, 0, *NO_EXTENSION]


def test_extension_data_follows_in_order() -> None:
    """RFC 3501 7.4.2: MD5, disposition, language, location."""
    fields = (
        b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\nContent-Disposition: attachment; filename=\"a b.txt\"\r\n"
        b"Content-Language: en, de\r\nContent-Location: http://x.test/\r\nContent-Transfer-Encoding: 8bit\r\n"
    )
    extension: list[Value] = [[b"attachment", [b"filename", b"a b.txt"]], [b"en", b"de"], b"http://x.test/"]
    assert structure(b"Content-Type: image/png\r\n" + fields + b"\r\n1234") == [
        b"image", b"png", None, None, None, b"8bit", 4, b"Q2hlY2sgSW50ZWdyaXR5IQ==", *extension,
    ]  # fmt: skip
    text: Value = [b"text", b"plain", US_ASCII, None, None, b"7bit", 1, 1, *NO_EXTENSION]
    assert structure(b"Content-Type: multipart/mixed; boundary=b\r\n" + fields + b"\r\n--b\r\n\r\n1\r\n--b--\r\n") == [
        text, b"mixed", [b"boundary", b"b"], *extension,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "disposition", "language"),
    [
        (b"Content-Disposition: inline", [b"inline", None], None),
        (b"Content-Disposition: ", None, None),
        (b"Content-Language: en", None, b"en"),
        (b"Content-Language: ", None, None),
    ],
)
def test_bare_dispositions_and_single_languages(field: bytes, disposition: Value, language: Value) -> None:
    """RFC 3501 9: body-fld-dsp, body-fld-lang."""
    assert structure(field + b"\r\nContent-Type: image/png\r\n\r\n") == [
        b"image", b"png", None, None, None, b"7bit", 0, None, disposition, language, None,
    ]  # fmt: skip


def test_an_encapsulated_message_has_envelope_structure_and_lines() -> None:
    """RFC 3501 7.4.2: a body type of MESSAGE/RFC822."""
    inner = b"Subject: inner\r\nFrom: a@b\r\nContent-Type: text/html\r\n\r\n<p>\r\n"
    author: Value = [[None, None, b"a", b"b"]]
    envelope: Value = [None, b"inner", author, author, author, None, None, None, None, None]
    octets = b"Content-Type: message/rfc822\r\nContent-Description: d\r\n\r\n" + inner
    basic: list[Value] = [b"message", b"rfc822", None, None, b"d", b"7bit", len(inner)]
    assert structure(octets) == [
        *basic, envelope, [b"text", b"html", None, None, None, b"7bit", 5, 1, *NO_EXTENSION], 5, *NO_EXTENSION,
    ]  # fmt: skip
    assert body(octets) == [*basic, envelope, [b"text", b"html", None, None, None, b"7bit", 5, 1], 5]


@pytest.mark.parametrize(
    ("content_type", "wanted"),
    [
        (b"multipart/mixed; boundary=b", [b"text", b"plain", US_ASCII]),    # no delimiter found
        (b"multipart/mixed", [b"text", b"plain", US_ASCII]),
        (b"message/rfc822\r\nContent-Transfer-Encoding: base64", [b"application", b"octet-stream", None]),
        (b"message/delivery-status", [b"message", b"delivery-status", None]),
        (b"nonsense", [b"text", b"plain", US_ASCII]),
    ],
)
def test_what_cannot_be_opened_is_still_well_formed(content_type: bytes, wanted: list[Value]) -> None:
    """RFC 3501 9: a multipart has a part, MESSAGE/RFC822 an envelope; opaque ones are leaves of other types."""
    found = structure(b"Content-Type: " + content_type + b"\r\n\r\nwhatever\r\n")
    assert isinstance(found, list)
    assert found[:3] == wanted


@pytest.mark.parametrize(
    ("parameter", "sent"),
    [
        (b"filename=plain.txt", [b"filename", b"plain.txt"]),
        (b'filename="two \\"words\\".txt"', [b"filename", b'two "words".txt']),
        (b"filename*=utf-8''%e2%82%ac%20rates", [b"filename*", b"utf-8''%E2%82%AC%20rates"]),
        (b"filename*0=long; filename*1=name.txt", [b"filename", b"longname.txt"]),
        (b"filename*0*=iso-8859-1''%e4; filename*1=b", [b"filename*", b"utf-8''%C3%A4b"]),
        ("filename=ä.txt".encode(), [b"filename*", b"utf-8''%C3%A4.txt"]),
        ("filename=ä.txt".encode("latin-1"), [b"filename*", b"utf-8''%C3%A4.txt"]),
        (b"filename==?utf-8?q?=C3=A4?=", [b"filename", b"=?utf-8?q?=C3=A4?="]),
    ],
)
def test_parameters_are_joined_and_in_ascii(parameter: bytes, sent: list[Value]) -> None:
    """RFC 2231: continuations joined; what is outside ASCII in the extended form, which clients know."""
    form = structure_form(scan(b"Content-Type: a/b\r\nContent-Disposition: attachment; " + parameter + b"\r\n\r\n"))
    assert form.isascii()
    found = read_value(form)
    assert isinstance(found, list)
    assert found[8] == [b"attachment", sent]


def names_and_sizes(value: Value) -> Value:
    """A structure's types and sizes: what the model knows."""
    assert isinstance(value, list)
    if isinstance(value[0], list):
        parts = [item for item in value if isinstance(item, list) and isinstance(item[0], list | bytes)]
        count = next(number for number, item in enumerate(value) if not isinstance(item, list))
        return [b"multipart", value[count], [names_and_sizes(part) for part in parts[:count]]]
    if value[:2] == [b"message", b"rfc822"]:
        return [b"message", b"rfc822", value[6], [names_and_sizes(value[8])]]
    return [value[0], value[1], value[6]]


def from_model(expected: Expected) -> Value:
    media_type, subtype = expected.media_type.encode().split(b"/")
    inner = [from_model(child) for child in expected.children]
    if media_type == b"multipart":
        return [media_type, subtype, inner]
    return [media_type, subtype, len(expected.body), inner] if inner else [media_type, subtype, len(expected.body)]


@given(mails())
def test_types_and_sizes_are_the_models(mail: GeneratedMail) -> None:
    form = structure_form(scan(mail.octets))
    assert names_and_sizes(read_value(form)) == from_model(mail.expected)
    assert names_and_sizes(read_value(body_of(form))) == from_model(mail.expected)


def without_extension(value: Value) -> Value:
    """BODY of BODYSTRUCTURE by the grammar (RFC 3501 9): another way than the one under test."""
    assert isinstance(value, list)
    count = 0
    while isinstance(value[count], list):
        count += 1
    if count:
        return [*(without_extension(part) for part in value[:count]), value[count]]
    if value[0] == b"text":
        return value[:8]
    if value[:2] == [b"message", b"rfc822"]:
        return [*value[:8], without_extension(value[8]), value[9]]
    return value[:7]


names = st.sampled_from(
    [b"Content-Type", b"Content-Disposition", b"Content-ID", b"Content-Language", b"Content-Description",
     b"Content-MD5", b"Content-Location", b"Content-Transfer-Encoding", b"Subject", b"From"]
)  # fmt: skip
values = st.sampled_from(
    [b"multipart/mixed; boundary=b", b"message/rfc822", b"text/html; charset=\xe4", b'a; b="c\\"d(e"', b"", b'"',
     b"a, b", b"{3}", b"(", b")", b"NIL", b"\\", b"<a@b>", b"message/partial; a=b", b"text/x; a={4}"]
)  # fmt: skip
chunks = st.lists(st.tuples(names, values).map(b": ".join), max_size=4).map(b"\r\n".join)


@given(st.lists(chunks, min_size=1, max_size=5), st.binary(max_size=10))
def test_body_is_bodystructure_without_its_extension_data(heads: list[bytes], text: bytes) -> None:
    octets = b"\r\n--b\r\n".join(head + b"\r\n\r\n" + text for head in heads)
    form = structure_form(scan(octets))
    assert read_value(body_of(form)) == without_extension(read_value(form))


def test_the_deepest_structure_is_read_and_shortened() -> None:
    """MimeLimits.depth_max bounds the recursion."""
    octets = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(300))
    form = structure_form(scan(octets))
    assert form.count(b"mixed") == 100
    assert body_of(form).count(b"mixed") == 100
    form = structure_form(scan(b"Content-Type: message/rfc822\r\n\r\n" * 300))
    assert body_of(form).count(b'"message"') == 100


def test_hostile_fields_are_sent_in_bounded_length() -> None:
    """DESIGN 1, promise 6: a stored form must not grow beyond what its parts can mean."""
    fields = b"Content-Language: " + b"a," * 1_000_000 + b"\r\nContent-MD5: " + b"\xff" * 1_000_000
    assert len(structure_form(scan(b"Content-Type: image/png\r\n" + fields + b"\r\n\r\n"))) < 200_000
    message = b"--b\r\n\r\nTo: " + b"(a)b;" * 50 + b"\r\n\r\n"
    digest = b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + message * 2_000
    limits = MimeLimits(header_octets_max=20_000)
    assert len(structure_form(scan(digest, limits=limits))) < 200_000
