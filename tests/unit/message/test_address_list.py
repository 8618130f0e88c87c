import email.utils
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.address_list import LIST_OCTETS_MAX, TOKENS_MAX, HeaderGroup, HeaderMailbox, parse_address_list
from posthouse.message.words import decode_words

CASES = Path(__file__).parents[4] / "shared/vectors/mime/mail-parser/address.json"
# What that parser keeps of the text that RFC 5322 4.4 says means nothing, and a second address on a folded line.
DIFFERENT = {
    "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example\n",
    "John Doe <jdoe@machine(comment).  example>\n",
    "test@test.com\ninvalid@address.com\n",
    "NO (posting not allowed on this list)\n",
}


def box(name: str, local_part: str, domain: str, route: str = "") -> HeaderMailbox:
    return HeaderMailbox(name.encode(), route.encode(), local_part.encode(), domain.encode())


JOHN = box("John Doe", "jdoe", "machine.example")


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (b"", []),
        (b"jdoe@machine.example", [box("", "jdoe", "machine.example")]),
        (b"John Doe <jdoe@machine.example>", [JOHN]),
        (b'"John Doe" <jdoe@machine.example>', [JOHN]),
        (b"John Doe<jdoe@machine.example>,", [JOHN]),
        (b" , ,John Doe <jdoe@machine.example>,, John\r\n Doe <jdoe@machine.example>", [JOHN, JOHN]),    # RFC 5322 4.4
        # RFC 5322 A.1.2
        (b'"Joe Q. Public" <john.q.public@example.com>', [box("Joe Q. Public", "john.q.public", "example.com")]),
        (b"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
         [box("Mary Smith", "mary", "x.test"), box("", "jdoe", "example.org"), box("Who?", "one", "y.test")]),
        (b'<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
         [box("", "boss", "nil.test"), box('Giant; "Big" Box', "sysservices", "example.net")]),
        # A.1.3
        (b"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
         [HeaderGroup(b"A Group", (box("Ed Jones", "c", "a.test"), box("", "joe", "where.test"),
                                   box("John", "jdoe", "one.test")))]),
        (b"Undisclosed recipients:;", [HeaderGroup(b"Undisclosed recipients", ())]),
        # A.5
        (b'Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', [box("Pete", "pete", "silly.test")]),
        (b"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n   joe@example.org,\r\n"
         b"  John <jdoe@one.test> (my dear friend); (the end of the group)",
         [HeaderGroup(b"A Group", (box("Chris Jones", "c", "public.example"), box("", "joe", "example.org"),
                                   box("John", "jdoe", "one.test")))]),
        (b"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", [HeaderGroup(b"Hidden recipients", ())]),
        # A.6.1
        (b"Joe Q. Public <john.q.public@example.com>", [box("Joe Q. Public", "john.q.public", "example.com")]),
        (b"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
         [box("Mary Smith", "mary", "example.net", "@node.test"), box("", "jdoe", "test.example")]),
        (b"<@one.test,@two.test:a@b>", [box("", "a", "b", "@one.test,@two.test")]),
        # A.6.3
        (b"John Doe <jdoe@machine(comment).  example>", [JOHN]),
        # what else is common
        (b"jdoe@machine.example (John Doe)", [JOHN]),
        (b'"john doe"@machine.example', [box("", "john doe", "machine.example")]),
        (b"jdoe@[192.0.2.1]", [box("", "jdoe", "[192.0.2.1]")]),
        (b"root", [box("", "root", "")]),
        (b"John Doe", [box("John Doe", "", "")]),
        (b"<root>", [box("", "root", "")]),
        (b"a@b@c", [box("", "a@b", "c")]),
        (b"=?utf-8?q?J=C3=B6?= <j@x.test>", [box("=?utf-8?q?J=C3=B6?=", "j", "x.test")]),
        ("Jö <j@x.test>".encode(), [box("Jö", "j", "x.test")]),
        (b"jdoe@x.test <jdoe@x.test>", [box("jdoe@x.test", "jdoe", "x.test")]),
        (b"John <jdoe@x.test, mary@y.test", [box("John", "jdoe", "x.test"), box("", "mary", "y.test")]),
        (b'"never closed <a@b>', [box("never closed <a@b>", "", "")]),
        (b"a (never closed <b@c>", [box("", "a", "")]),
        (b"Friends: a@b, c@d", [HeaderGroup(b"Friends", (box("", "a", "b"), box("", "c", "d")))]),
        (b"a@b; c@d", [box("", "a", "b"), box("", "c", "d")]),
        (b";;,,;", []),
        (b"<>", [box("", "", "")]),
        (b"<mailto:a@b>", [box("", "mailto:a", "b")]),
    ],
)  # fmt: skip
def test_addresses_are_read(value: bytes, entries: list[HeaderMailbox | HeaderGroup]) -> None:
    """RFC 5322 3.4, its obsolete forms (4.4) and its examples (appendix A); then what mail programs get wrong."""
    assert parse_address_list(value) == entries


atoms = st.from_regex(r"[a-z0-9'_-]{1,8}(\.[A-Z0-9-]{1,8})?", fullmatch=True)
printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
names = st.text(printable, max_size=20).map(lambda text: " ".join(text.split()))


@given(st.lists(st.tuples(names.filter(lambda name: "=?" not in name), atoms, atoms), max_size=6))
def test_what_the_standard_library_writes_is_read(people: list[tuple[str, str, str]]) -> None:
    value = ", ".join(email.utils.formataddr((name, f"{local}@{domain}")) for name, local, domain in people)
    assert parse_address_list(value.encode()) == [box(*person) for person in people]


pieces = st.sampled_from(
    [b"a", b"b.c", b"@", b"<", b">", b",", b";", b":", b"(", b")", b'"', b"\\", b" ", b"\r\n ", b"[", b"]", b"\xff"]
)


@given(st.binary(max_size=60) | st.lists(pieces, max_size=30).map(b"".join))
def test_no_octets_are_an_error(value: bytes) -> None:
    for entry in parse_address_list(value):
        assert isinstance(entry, HeaderMailbox | HeaderGroup)


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_the_usual_form_is_read_as_the_general_one_reads_it(value: bytes) -> None:
    """A comment before the list sends it through the general reader; both must agree."""
    assert parse_address_list(b"()" + value) == parse_address_list(value)


@pytest.mark.parametrize(
    "value",
    [b"a@b," * 300_000, b"a b " * 300_000, b"(" * 10**6, b"<" * 10**6, b'"' * 10**6, b":" * 10**6, b"a:" * 10**5,
     b"a " * 10**6 + b"<", b"<@a" * 10**5, b"<" + b"@a," * 10**5 + b":b@c>", b"\\" * 10**6, b"[" * 10**6,
     b"()" * 10**5, b" " * 10**6, b"<:" * 10**5, b"<@:" * 10**5],
)  # fmt: skip
def test_hostile_lists_are_bounded(value: bytes) -> None:
    """DESIGN 1, promise 6. A quadratic reader would take hours."""
    assert len(parse_address_list(value)) <= max(TOKENS_MAX, LIST_OCTETS_MAX / 4)


@pytest.mark.skipif(not CASES.exists(), reason="../shared/vectors is not here")
def test_the_addresses_that_another_parser_reads_are_read_alike() -> None:
    different = []
    for case in json.loads(CASES.read_text()):
        wanted = case["expected"].get("List")
        if wanted is None or "://" in case["header"] or case["header"] in DIFFERENT:
            continue
        theirs = [item["address"] for item in wanted if item.get("address")]
        entries = parse_address_list(case["header"].encode())
        mailboxes = [entry for entry in entries if isinstance(entry, HeaderMailbox)]
        ours = [(mailbox.local_part + b"@" + mailbox.domain).decode() for mailbox in mailboxes]
        if ours != theirs:
            different.append((case["header"], ours, theirs))
    assert different == []


def test_display_names_decode() -> None:
    (entry,) = parse_address_list(b"=?iso-8859-1?q?Andr=E9?= Pirard <pirard@x.test>")
    assert decode_words(entry.display_name) == "André Pirard"
