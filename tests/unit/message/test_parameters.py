import email.message
import json
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.parameters import VALUE_OCTETS_MAX, parse_parameters, without_comments

CASES = Path(__file__).parents[4] / "shared/vectors/mime/mail-parser/content_type.json"


@pytest.mark.parametrize(
    ("value", "name", "parameters"),
    [
        (b"text/plain", "text/plain", {}),
        (b"Text / PLAIN ; charset = us-ascii", "text/plain", {"charset": "us-ascii"}),
        (b"text/plain; charset=us-ascii (Plain text)", "text/plain", {"charset": "us-ascii"}),    # RFC 2045 5.1
        (b'text/plain; charset="us-ascii"', "text/plain", {"charset": "us-ascii"}),
        (b'multipart/mixed; boundary="a;b=\\"c\\""; x=y', "multipart/mixed", {"boundary": 'a;b="c"', "x": "y"}),
        (b"multipart/mixed;\r\n\tboundary=abc;\r\n type=b", "multipart/mixed", {"boundary": "abc", "type": "b"}),
        (b"attachment; filename=two words.txt; size=3", "attachment", {"filename": "two words.txt", "size": "3"}),
        (b'attachment; filename="never closed', "attachment", {"filename": "never closed"}),
        (b"a/b;;; ;x=1;x=2;y;z=", "a/b", {"x": "1", "z": ""}),
        (b"text/plain (a;b=c) ; d=e", "text/plain", {"d": "e"}),
        (b"text/plain;charset=", "text/plain", {"charset": ""}),    # see CONTRIBUTING: gh-106052
        (b"", "", {}),
        (b";", "", {}),
        (b"; a=b", "", {"a": "b"}),
        (b"a/b; x=1 y=2\r\n z=two words", "a/b", {"x": "1", "y": "2", "z": "two words"}),    # missing semicolons
        (b"text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        # RFC 2231 3
        (b'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer/"',
         "message/external-body", {"access-type": "URL", "url": "ftp://cs.utk.edu/pub/moore/bulk-mailer/"}),
        # RFC 2231 4
        (b"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "application/x-stuff",
         {"title": "This is ***fun***"}),
        # RFC 2231 4.1
        (b"application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20;"
         b' title*2="isn\'t it!"', "application/x-stuff", {"title": "This is even more ***fun*** isn't it!"}),
        (b"a; f*1=b; f*0=a; f*3=d", "a", {"f": "ab"}),    # out of order; the fourth without its third
        (b"a; f*=iso-8859-1''na%EFve; f=naive", "a", {"f": "naïve"}),    # the extended form replaces the plain one
        (b"a; f*=utf-8''%zz%E2%82%AC", "a", {"f": "%zz€"}),
        (b"a; f*=no charset", "a", {"f": "no charset"}),
        (b"a; f*x=1; *=2; **=3", "a", {"f*x": "1", "*": "2", "**": "3"}),
        ("a; f=naïve".encode(), "a", {"f": "naïve"}),
        ("a; f=naïve".encode("latin-1"), "a", {"f": "naïve"}),
    ],
)  # fmt: skip
def test_values_and_parameters_are_read(value: bytes, name: str, parameters: dict[str, str]) -> None:
    """RFC 2045 5.1, RFC 2231, and what is common though wrong."""
    assert parse_parameters(value) == (name, parameters)


tokens = st.from_regex("[a-z][a-z0-9.-]{0,10}", fullmatch=True)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)


@given(st.dictionaries(tokens, values, max_size=5))
def test_what_the_standard_library_writes_is_read(parameters: dict[str, str]) -> None:
    message = email.message.Message()
    message.add_header("Content-Type", "text/plain", **parameters)
    assert parse_parameters(str(message["Content-Type"]).encode()) == ("text/plain", parameters)


@given(st.dictionaries(tokens, st.text("aé€ %'\"", min_size=1, max_size=20), max_size=3))
def test_extended_parameters_that_the_standard_library_writes_are_read(parameters: dict[str, str]) -> None:
    """RFC 2231 4."""
    message = email.message.Message()
    encoded = {name: ("utf-8", "", value) for name, value in parameters.items()}
    message.add_header("Content-Type", "text/plain", **encoded)
    assert parse_parameters(str(message["Content-Type"]).encode()) == ("text/plain", parameters)


@given(st.binary(max_size=120) | st.text("a*0=';\"\\() %41\r\n", max_size=80).map(str.encode))
def test_no_octets_are_an_error(value: bytes) -> None:
    name, parameters = parse_parameters(value)
    assert not set(name) & set(string.ascii_uppercase + string.whitespace + ";")
    assert all(isinstance(text, str) for text in parameters.values())


def test_a_value_is_read_up_to_its_limit() -> None:
    _, parameters = parse_parameters(b"a" + b";x=1" * 10 + b";y=" + b"z" * 10_000_000)
    assert len(parameters["y"]) == VALUE_OCTETS_MAX - 44


@pytest.mark.parametrize(
    "value", [b"a;" + b'"' * 16_000, b"a(" * 8_000, b"a" + b";x*0*=%" * 2_000, b'a;x="' + b"\\" * 16_000,
              b"a;" + b" " * 16_000, b"a;x=" + b"b " * 8_000, b"a;" + b"; " * 8_000]
)
def test_hostile_values_take_linear_time(value: bytes) -> None:
    assert parse_parameters(value)[0].startswith("a")


@pytest.mark.parametrize(
    ("value", "rest"),
    [(b"a (b (c) d) e", b"a   e"), (b'"(a)" (b)', b'"(a)"  '), (b"a \\(b", b"a \\(b"), (b"a (b \\) c) d", b"a   d"),
     (b"a (never closed", b"a "), (b"a) b", b"a) b")],
)  # fmt: skip
def test_comments_are_left_out(value: bytes, rest: bytes) -> None:
    """RFC 5322 3.2.2: comments nest; quoted strings have none; a backslash quotes."""
    assert without_comments(value).replace(b"  ", b" ").split() == rest.replace(b"  ", b" ").split()


@pytest.mark.skipif(not CASES.exists(), reason="../shared/vectors is not here")
def test_the_content_types_that_another_parser_reads_are_read_alike() -> None:
    """mail-parser's cases, but for what it reads against the standards: encoded words, stars and UTF-8 in names."""
    different = []
    for case in json.loads(CASES.read_text()):
        wanted = case["expected"]
        if not wanted or not wanted.get("c_subtype") or re.search(r"=\?|\*\*|9999|á|=  |=\"  |1'%20", case["header"]):
            continue
        name, parameters = parse_parameters(case["header"].strip().encode())
        theirs = {key: text for key, text in reversed(wanted.get("attributes") or []) if not key.endswith("-language")}
        if (name, dict(parameters)) != (f"{wanted['c_type']}/{wanted['c_subtype']}".lower(), theirs):
            different.append((case["header"], name, parameters, theirs))
    assert different == []
