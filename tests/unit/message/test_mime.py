import email
import email.message
import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated_mail import Expected, GeneratedMail, mails
from posthouse.message.headers import HeaderSection
from posthouse.message.mime import MimeLimits, Part, scan

VECTORS = Path(__file__).parents[4] / "shared/vectors/mime"


def body(octets: bytes, root: Part, part: Part) -> bytes:
    base = root.header.end
    return octets[base + part.body_start : base + part.body_end]


def header(octets: bytes, root: Part, part: Part) -> bytes:
    base = root.header.end
    return octets[base + part.header_start : base + part.body_start]


def walk(part: Part) -> Iterator[Part]:
    yield part
    for inner in part.parts:
        yield from walk(inner)


def shape(part: Part) -> object:
    name = f"{part.media_type}/{part.subtype}"
    return (name, [shape(inner) for inner in part.parts]) if part.parts else name


def multipart(boundary: str, *parts: bytes, subtype: str = "mixed", close: bool = True) -> bytes:
    delimiter = b"--" + boundary.encode()
    inside = b"".join(b"%b\r\n%b\r\n" % (delimiter, part) for part in parts)
    ending = delimiter + b"--\r\n" if close else b""
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode() + inside + ending


TEXT = b"\r\ntext"
HTML = b"Content-Type: text/html\r\n\r\n<p>"


# --- every octet where it belongs


def check(octets: bytes, root: Part, part: Part, expected: Expected) -> None:
    assert f"{part.media_type}/{part.subtype}" == expected.media_type
    assert body(octets, root, part) == expected.body
    assert header(octets, root, part).removesuffix(b"\n").removesuffix(b"\r") == expected.header
    lines = expected.body.split(b"\n")
    assert part.lines == len(lines) - (not lines[-1])
    assert part.octets == len(expected.body)
    assert len(part.parts) == len(expected.children)
    for inner, wanted in zip(part.parts, expected.children, strict=True):
        check(octets, root, inner, wanted)


@given(mails())
def test_every_part_is_where_the_model_says(mail: GeneratedMail) -> None:
    """RFC 2046 5.1: delimiters nest, belong to the line end before them, and count as whole lines only."""
    root = scan(mail.octets)
    check(mail.octets, root, root, mail.expected)


def their_parts(message: email.message.Message) -> Iterator[tuple[str, bytes | None]]:
    payload = message._payload    # what was between the delimiters; get_payload() would decode it
    if isinstance(payload, list):
        yield message.get_content_type(), None
        for inner in payload:
            yield from their_parts(inner)
    else:
        yield message.get_content_type(), (payload or "").encode("ascii", "surrogateescape")


def our_parts(octets: bytes) -> Iterator[tuple[str, bytes | None]]:
    root = scan(octets)
    for part in walk(root):
        yield f"{part.media_type}/{part.subtype}", None if part.parts else body(octets, root, part)


@given(mails(all_closed=True))
def test_bodies_equal_what_the_standard_library_finds(mail: GeneratedMail) -> None:
    assert list(our_parts(mail.octets)) == list(their_parts(email.message_from_bytes(mail.octets)))


# Where the standard library is wrong or means something else, and what it is about. Everything else must agree.
DIFFERENT = {
    "mail-parser/eml/malformed": "an opaque multipart is text/plain here; an unclosed part keeps its last line end",
    "mail-parser/eml/rfc/001.eml": "message/external-body is a leaf in IMAP",
    "mail-parser/eml/rfc/008.eml": "an encoded message/rfc822 stays opaque",
    "mail-parser/eml/thirdparty/005.eml": "an unclosed part keeps its last line end",
    "mail-parser/eml/thirdparty/009.eml": "message/partial is a leaf in IMAP",
    "mime4j/mimetools-testmsgs/multi-2gifs-base64.msg": "an encoded message/rfc822 stays opaque",
    "mime4j/mimetools-testmsgs/multi-bad.msg": "an unclosed part keeps its last line end",
    "mime4j/mimetools-testmsgs/multi-badnames.msg": "the library does not find its boundary",
    "mime4j/testmsgs/bad-newlines-multiple-parts-base64.msg": "an encoded message/rfc822 stays opaque",
    "mime4j/testmsgs/ending-boundaries.msg": "an opaque multipart is text/plain, and whole",
    "mime4j/testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg": "a damaged field between others stays a field",
    "mime4j/testmsgs/missing-": "an opaque multipart is text/plain, and whole",
    "mime4j/testmsgs/multipartnopart.msg": "an opaque multipart is text/plain, and whole",
    "mimekit/messages/delivery-status": "message/delivery-status is a leaf in IMAP",
    "mimekit/messages/disposition-notification": "message/disposition-notification is a leaf in IMAP",
    "mimekit/partial/": "message/partial is a leaf in IMAP",
}


def vector_files() -> list[Path]:
    files = sorted(path for path in VECTORS.rglob("*") if path.is_file())
    return [path for path in files if path.suffix in {".eml", ".msg"} or path.parent.name in {"cur", "new"}]


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared/vectors is not here")
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_bodies_of_collected_mail_equal_what_the_standard_library_finds(line_end: bytes) -> None:
    """The messages that mail-parser, mime4j and MimeKit are tested with, with either line end."""
    compared = 0
    for path in vector_files():
        octets = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end)
        if any(str(path.relative_to(VECTORS)).startswith(name) for name in DIFFERENT):
            assert list(our_parts(octets))
            continue
        assert list(our_parts(octets)) == list(their_parts(email.message_from_bytes(octets))), path
        compared += 1
    assert compared > 60


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared/vectors is not here")
def test_no_file_of_the_collection_is_an_error_even_cut_short() -> None:
    for path in VECTORS.rglob("*"):
        if path.is_file() and path.stat().st_size < 200_000:
            octets = path.read_bytes()
            for end in (len(octets), len(octets) * 2 // 3, len(octets) // 3):
                check_bounds(octets[:end])


# --- no octets are an error


def check_bounds(octets: bytes) -> None:
    """Parts lie within one another, in order, and all offsets within the message."""
    root = scan(octets)
    assert (root.header_start, root.body_start) == (-root.header.end, 0)
    assert root.header.end + root.body_end == len(octets)
    for part in walk(root):
        assert 0 <= part.body_start <= part.body_end
        assert part.body_end - part.body_start >= 0
        position = part.body_start
        for inner in part.parts:
            assert position <= inner.header_start <= inner.body_start <= inner.body_end <= part.body_end
            position = inner.body_end


pieces = st.sampled_from(
    [b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: multipart/digest; boundary=aa\n", b"\r\n", b"\n",
     b"--a\r\n", b"--aa\n", b"--a--\r\n", b"--aa--", b"Content-Type: message/rfc822\r\n", b"text", b"--", b"\r",
     b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: text\r\n", b"Content-Type: multipart/mixed\r\n",
     b": \r\n", b"\xff"]
)  # fmt: skip


@given(st.binary(max_size=80) | st.lists(pieces, max_size=25).map(b"".join))
def test_no_octets_are_an_error(octets: bytes) -> None:
    check_bounds(octets)


@given(mails(), st.data())
def test_a_damaged_message_is_no_error(mail: GeneratedMail, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(mail.octets)))
    length = data.draw(st.integers(0, 20))
    check_bounds(mail.octets[:at] + data.draw(st.binary(max_size=4)) + mail.octets[at + length :])


@given(mails())
def test_a_mapped_file_is_scanned_like_octets_in_memory(mail: GeneratedMail) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(mail.octets)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            from_file, from_memory = (
                [(part.header_start, part.body_start, part.body_end, part.lines) for part in walk(scan(octets))]
                for octets in (mapped, mail.octets)
            )
            assert from_file == from_memory


# --- what fields say


@pytest.mark.parametrize(
    ("content_type", "name", "parameters"),
    [
        (None, "text/plain", {"charset": "us-ascii"}),
        (b"TEXT/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        (b"text/plain", "text/plain", {}),
        (b"text", "text/plain", {"charset": "us-ascii"}),    # RFC 2045 5.2 suggests it
        (b"/plain", "text/plain", {"charset": "us-ascii"}),
        (b"text/", "text/plain", {"charset": "us-ascii"}),
        (b"", "text/plain", {"charset": "us-ascii"}),
        (b"a b/c d; charset=koi8-r", "ab/cd", {"charset": "koi8-r"}),
        (b"t\xe4xt/plain; charset=koi8-r", "text/plain", {"charset": "koi8-r"}),
        (b"image/png; name*=utf-8''%C3%A4", "image/png", {"name": "ä"}),
        (b"multipart/mixed", "text/plain", {"charset": "us-ascii"}),    # cannot be opened
        (b'multipart/mixed; boundary=""', "text/plain", {"charset": "us-ascii"}),
        (b"multipart/mixed; boundary=absent", "text/plain", {"charset": "us-ascii"}),
    ],
)
def test_content_types_are_read(content_type: bytes | None, name: str, parameters: dict[str, str]) -> None:
    """RFC 2045 5.1, 5.2; a multipart that cannot be opened is text, so that it can be read."""
    field = b"" if content_type is None else b"Content-Type: " + content_type + b"\r\n"
    part = scan(b"Subject: x\r\n" + field + b"\r\nbody\r\n")
    assert (f"{part.media_type}/{part.subtype}", dict(part.parameters)) == (name, parameters)


@pytest.mark.parametrize(
    ("value", "encoding"),
    [(None, "7bit"), (b"BASE64", "base64"), (b"quoted-printable (why not)", "quoted-printable"), (b"base64;", "base64"),
     (b"", "7bit"), (b" 8bit foo", "8bit"), (b"\xff", "ÿ")],
)  # fmt: skip
def test_transfer_encodings_are_read(value: bytes | None, encoding: str) -> None:
    """RFC 2045 6.1."""
    field = b"" if value is None else b"Content-Transfer-Encoding: " + value + b"\r\n"
    assert scan(field + b"Subject: x\r\n\r\n").encoding == encoding


def test_the_other_fields_are_read() -> None:
    part = scan(
        b"Content-ID: <a@b>\r\nContent-Description: a\r\n b\r\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
        b'Content-Disposition: ATTACHMENT; filename="a;b.txt"; size=3\r\nContent-Language: en, de (German) ,fr\r\n'
        b"Content-Location: http://example.org/\r\n\r\n"
    )
    assert (part.id, part.description, part.md5) == (b"<a@b>", b"a\r\n b", b"Q2hlY2sgSW50ZWdyaXR5IQ==")
    assert (part.location, part.languages) == (b"http://example.org/", (b"en", b"de", b"fr"))
    assert part.disposition is not None
    assert part.disposition.kind == "attachment"
    assert dict(part.disposition.parameters) == {"filename": "a;b.txt", "size": "3"}


def test_fields_that_are_absent_are_none() -> None:
    bare = scan(b"\r\n")
    assert (bare.id, bare.description, bare.md5, bare.disposition, bare.location) == (None, None, None, None, None)
    assert bare.languages == ()
    assert scan(b"Content-Disposition: ;x=y\r\n\r\n").disposition is None


# --- shapes


def test_the_example_of_the_standard_is_found() -> None:
    """RFC 2046 5.1.1, its example: implicitly typed, then explicitly typed text, preamble and epilogue ignored."""
    octets = (
        b'MIME-Version: 1.0\r\nContent-type: multipart/mixed; boundary="simple boundary"\r\n\r\n'
        b"This is the preamble.  It is to be ignored, though it\r\nis a handy place for composition agents to\r\n"
        b"include an explanatory note to non-MIME conformant readers.\r\n\r\n--simple boundary\r\n\r\n"
        b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.\r\n--simple boundary\r\n"
        b"Content-type: text/plain; charset=us-ascii\r\n\r\nThis is explicitly typed plain US-ASCII text.\r\n"
        b"It DOES end with a linebreak.\r\n\r\n--simple boundary--\r\n\r\n"
        b"This is the epilogue.  It is also to be ignored.\r\n"
    )
    root = scan(octets)
    first, second = root.parts
    assert body(octets, root, first).startswith(b"This is implicitly typed plain US-ASCII text.\r\n")
    assert body(octets, root, first).endswith(b"It does NOT end with a linebreak.")
    assert body(octets, root, second).endswith(b"It DOES end with a linebreak.\r\n")
    assert (first.lines, second.lines) == (2, 2)


def test_a_boundary_that_begins_another_is_not_taken_for_it() -> None:
    """RFC 2046 5.1.1 asks composers to avoid it; they do not."""
    nested = ("multipart/mixed", [("multipart/mixed", ["text/plain", "text/html"]), "text/html"])
    assert shape(scan(multipart("a", multipart("ab", TEXT, HTML), HTML))) == nested
    assert shape(scan(multipart("ab", multipart("a", TEXT, HTML), HTML))) == nested
    # "--a--" is what closes "a", whatever is within
    assert shape(scan(multipart("a", multipart("a--", TEXT), HTML))) == ("multipart/mixed", ["text/plain"])


def test_an_outer_delimiter_ends_what_was_not_closed() -> None:
    """RFC 2046 5.1.2: a missing inner closing delimiter must not swallow the outer parts."""
    inner = multipart("inner", TEXT, HTML, close=False)
    assert shape(scan(multipart("outer", inner, TEXT))) == (
        "multipart/mixed", [("multipart/mixed", ["text/plain", "text/html"]), "text/plain"],
    )  # fmt: skip


def test_a_digest_holds_messages_unless_it_says_otherwise() -> None:
    """RFC 2046 5.1.5: the default type within a digest is message/rfc822."""
    digest = multipart("d", b"\r\nSubject: one\r\n\r\nbody", HTML, subtype="digest")
    root = scan(digest)
    assert shape(root) == ("multipart/digest", [("message/rfc822", ["text/plain"]), "text/html"])
    assert root.parts[0].parts[0].header.first(b"subject") == b"one"
    assert dict(root.parts[0].parameters) == {}


def test_an_encoded_message_stays_closed() -> None:
    """RFC 2046 5.2.1 forbids it; its octets cannot be offset into, so it is offered as octets."""
    octets = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQo=\r\n"
    assert shape(scan(octets)) == "application/octet-stream"
    assert shape(scan(octets.replace(b"base64", b"8bit"))) == ("message/rfc822", ["text/plain"])


def test_an_empty_message_within_is_a_message() -> None:
    root = scan(b"Content-Type: message/rfc822\r\n\r\n")
    assert shape(root) == ("message/rfc822", ["text/plain"])
    assert (root.octets, root.lines, root.parts[0].octets) == (0, 0, 0)


def test_parts_may_be_empty() -> None:
    octets = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--b\r\nX: y\r\n--b--\r\n"
    root = scan(octets)
    assert [(header(octets, root, part), body(octets, root, part)) for part in root.parts] == [
        (b"", b""), (b"", b""), (b"X: y", b""),
    ]  # fmt: skip


def test_a_part_may_begin_without_an_empty_line() -> None:
    """Text directly behind a delimiter is the body's, not a damaged header section's."""
    octets = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nhello\r\nthere\r\n\r\nagain\r\n--b--\r\n"
    root = scan(octets)
    assert [body(octets, root, part) for part in root.parts] == [b"hello\r\nthere\r\n\r\nagain"]


def test_delimiters_are_whole_lines() -> None:
    """RFC 2046 5.1.1: white space may follow (transport padding); anything else makes it text."""
    octets = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b \t \r\n\r\n1\r\n--b!\r\n --b\r\nx--b\r\n--b-- \r\n--b\r\n\r\nno"
    )
    root = scan(octets)
    assert [body(octets, root, part) for part in root.parts] == [b"1\r\n--b!\r\n --b\r\nx--b"]


# --- limits


def test_ten_thousand_levels_of_multipart_are_opaque_beyond_the_limit() -> None:
    octets = b""
    for level in range(10_000):
        octets += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
    check_depth(octets, 100)


def test_ten_thousand_messages_within_messages_are_opaque_beyond_the_limit() -> None:
    check_depth(b"Content-Type: message/rfc822\r\n\r\n" * 10_000, 100)


def check_depth(octets: bytes, depth: int) -> None:
    part = scan(octets)
    for _ in range(depth):
        (part,) = part.parts
    assert part.parts == ()
    assert (part.media_type, part.octets > 0) in {("text", True), ("application", True)}


def test_beyond_the_number_of_parts_the_rest_is_one_part() -> None:
    octets = multipart("b", *[TEXT] * 20)
    root = scan(octets, limits=MimeLimits(parts_max=5))
    assert len(root.parts) == 4
    assert body(octets, root, root.parts[3]).count(b"--b\r\n") == 16
    assert len(list(walk(scan(multipart("b", *[TEXT] * 20_000))))) == MimeLimits().parts_max


def test_header_fields_of_all_parts_are_bounded_together() -> None:
    many = b"a:\r\n" * 50 + b"\r\ntext"
    assert len(scan(multipart("b", *[many] * 20), limits=MimeLimits(fields_max=120)).parts) == 3
    assert len(scan(multipart("b", *[many] * 20), limits=MimeLimits(header_octets_max=500)).parts) == 3


def test_nested_searches_are_bounded() -> None:
    """A hundred levels round 20 MB would be searched a hundred times; beyond the budget they stay opaque."""
    octets = b"Subject: x\r\n"
    for level in range(100):
        octets += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
    root = scan(octets + b"\r\n" + b"x" * 20_000_000)
    levels = len(list(walk(root)))
    assert 10 < levels < 30


@pytest.mark.parametrize(
    "text",
    [b"\n--b" * 500_000, b"\n--bx" * 400_000, b"\r\n" * 1_000_000, b"--" * 1_000_000,
     b"\n--b" + b" " * 2_000_000 + b"x", b"\n--b \t" * 300_000, b"A" * 10_000_000],
    ids=["unfinished", "false", "empty", "dashes", "padding", "padded", "one line"],
)  # fmt: skip
def test_hostile_bodies_take_linear_time(text: bytes) -> None:
    start = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
    octets = start + text + b"\r\n--b\r\n\r\nlast\r\n--b--\r\n"
    root = scan(octets)
    assert body(octets, root, root.parts[-1])[-4:] == b"last" or len(root.parts) == MimeLimits().parts_max - 1


def test_a_section_that_was_parsed_before_is_used() -> None:
    octets = multipart("b", TEXT)
    section = HeaderSection.parse(octets)
    assert scan(octets, section).header is section
