import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.address import (
    NULL_REVERSE_PATH,
    POSTMASTER,
    Address,
    AddressSyntaxError,
    Domain,
    parse_address,
    parse_forward_path,
    parse_path,
    parse_reverse_path,
    split_path,
    split_subaddress,
)


@pytest.mark.parametrize(
    ("text", "local_part", "domain"),
    [
        ("alice@example.org", "alice", "example.org"),
        ("Alice.Smith+tag@Example.ORG", "Alice.Smith+tag", "Example.ORG"),
        ("!#$%&'*+-/=?^_`{|}~@a.b", "!#$%&'*+-/=?^_`{|}~", "a.b"),
        ('"with space"@example.org', "with space", "example.org"),
        (r'"a\"b\\c\d"@example.org', r'a"b\cd', "example.org"),
        ('"a@b"@example.org', "a@b", "example.org"),
        ('""@example.org', "", "example.org"),
        ("a@[192.0.2.1]", "a", "[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]"),
        ("ünï@bücher.example", "ünï", "bücher.example"),
    ],
)
def test_an_address_is_kept_as_it_means(text: str, local_part: str, domain: str) -> None:
    """RFC 5321 4.1.2: quotes and backslashes are spelling, not meaning; RFC 6531 adds non-ASCII."""
    address = parse_address(text)
    assert (address.local_part, str(address.domain)) == (local_part, domain)


@pytest.mark.parametrize(
    "text",
    ["", "alice", "@example.org", "alice@", "a@b@c", ".a@b", "a.@b", "a..b@c", "a b@c", "a@b c", "a@-b", "a@b-",
     "a@b..c", "a@.b", "a@b.", '"a@b', '"a"b@c', "a(comment)@b", "<a@b>", "a@b\r\n", "a\r\n@b", '"a\r\nb"@c',
     "a@[192.0.2.1", "a@[]", "a\ud800@b", "a@b\ud800.example",
     "a@[192.0.2]", "a@[IPv6:xyz]", "a@[IPv6:fe80::1%eth0]", "a@[tag:content]", "a@" + "l" * 64, "a" * 65 + "@b",
     "ü" * 33 + "@b", "a@" + "b." * 128 + "c", "a@\u2028.example", "a" * 1000 + "@b", "a@" + "ü" * 300],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_reason(text: str) -> None:
    """RFC 5321 4.1.2 (grammar), 4.5.3.1 (sizes)."""
    with pytest.raises(AddressSyntaxError) as refusal:
        parse_address(text)
    assert refusal.value.reason.isascii()
    assert "\r" not in refusal.value.reason


@pytest.mark.parametrize("local_part", ["a" * 64, "ü" * 32])
def test_a_local_part_of_64_octets_is_accepted(local_part: str) -> None:
    """RFC 5321 4.5.3.1.1."""
    assert parse_address(f"{local_part}@b").local_part == local_part


def test_a_domain_of_255_octets_is_accepted() -> None:
    """RFC 5321 4.5.3.1.2; a path of 256 bounds it further (4.5.3.1.3)."""
    assert Domain(("a" * 49 + ".") * 5 + "b" * 5).key.endswith("bbbbb")


@pytest.mark.parametrize("control", ["\0", "\r", "\n", "\x1b", "\x7f", "\x85"])
def test_an_address_with_a_control_character_cannot_be_built(control: str) -> None:
    with pytest.raises(AddressSyntaxError):
        Address(f"a{control}b", Domain("example.org"))
    with pytest.raises(AddressSyntaxError):
        Domain(f"exa{control}mple.org")


local_parts = st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc"]), max_size=32)
domains = st.sampled_from(["example.org", "b", "[192.0.2.1]", "[IPv6:2001:db8::1]", "bücher.example", "x_y.example"])


@given(local_parts.filter(lambda text: len(text.encode()) <= 64), domains)
def test_what_is_written_is_read_back(local_part: str, domain: str) -> None:
    address = Address(local_part, Domain(domain))
    assert parse_address(str(address)) == address


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_syntax_error(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressSyntaxError:
        return
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice@Example.ORG", "alice@example.org"),
        ('"alice"@example.org', "ALICE@example.org"),
        ("ÄNNE@example.org", "a\u0308nne@example.org"),    # composed and decomposed
        ("straße@example.org", "STRASSE@example.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@XN--BCHER-KVA.example"),
        ("a@[IPv6:2001:DB8:0::1]", "a@[ipv6:2001:db8::1]"),
    ],
)
def test_addresses_of_our_domains_compare_by_their_key(one: str, other: str) -> None:
    """DESIGN 5: domain as lower-case A-label, local part NFC and case-folded."""
    assert parse_address(one).key == parse_address(other).key


def test_the_key_folds_the_meaning_not_the_spelling() -> None:
    assert parse_address('"a b"@example.org').key == "a b@example.org"


@given(local_parts)
def test_a_key_is_its_own_key(local_part: str) -> None:
    """Folding twice must change nothing, or two accounts could collide one day and not the next."""
    if len(local_part.encode()) > 30:
        return
    key = Address(local_part, Domain("b")).key.removesuffix("@b")
    assert Address(key, Domain("b")).key == f"{key}@b"


def test_paths_are_read() -> None:
    """RFC 5321 4.1.2, 4.1.1.3; source routes are accepted and ignored (appendix C)."""
    alice = parse_address("alice@example.org")
    assert parse_path(b"<alice@example.org>") == alice
    assert parse_path(b"<@one.example,@two.example:alice@example.org>") == alice
    assert parse_path(b"<>") is NULL_REVERSE_PATH
    assert parse_path(b"<postMASTER>") is POSTMASTER
    assert parse_path(b'<"a>b"@example.org>') == Address("a>b", Domain("example.org"))
    assert (str(NULL_REVERSE_PATH), str(POSTMASTER)) == ("", "Postmaster")


@pytest.mark.parametrize(
    "path",
    [b"", b"<", b">", b"alice@example.org", b"<alice@example.org", b"<a b@c>", b"<@one:>", b"<@one,:a@b>", b"<@:a@b>",
     b"<@one alice@example.org>", b"<\xc3\xbc@example.org>", b"<<a@b>>", b"<a@" + b"b." * 126 + b"c>", b"<a@b\n>"],
)  # fmt: skip
def test_what_is_no_path_is_refused(path: bytes) -> None:
    with pytest.raises(AddressSyntaxError):
        parse_path(path)


def test_each_command_takes_its_own_kind_of_path() -> None:
    """RFC 5321 4.1.1.2 and 4.1.1.3: the null path is MAIL's, the bare Postmaster RCPT's."""
    assert parse_reverse_path(b"<>") is NULL_REVERSE_PATH
    assert parse_forward_path(b"<Postmaster>") is POSTMASTER
    with pytest.raises(AddressSyntaxError):
        parse_reverse_path(b"<Postmaster>")
    with pytest.raises(AddressSyntaxError):
        parse_forward_path(b"<>")


@pytest.mark.parametrize(
    ("argument", "path", "rest"),
    [
        (b"<a@b>", b"<a@b>", b""),
        (b"<a@b> SIZE=100 BODY=8BITMIME", b"<a@b>", b" SIZE=100 BODY=8BITMIME"),
        (b'<"a> SIZE=1"@b> SIZE=2', b'<"a> SIZE=1"@b>', b" SIZE=2"),
        (rb'<"a\">"@b> X', rb'<"a\">"@b>', b" X"),
        (b"<> BODY=7BIT", b"<>", b" BODY=7BIT"),
    ],
)
def test_a_path_ends_at_its_own_bracket(argument: bytes, path: bytes, rest: bytes) -> None:
    """RFC 5321 4.1.2: a quoted local part may contain ">" and spaces."""
    assert split_path(argument) == (path, rest)


@pytest.mark.parametrize("argument", [b"", b"a@b", b"<a@b", b'<"a>@b> SIZE=1', b" <a@b>", b"<a<b@c>", b'<"' * 5000])
def test_an_argument_without_a_whole_path_is_refused(argument: bytes) -> None:
    with pytest.raises(AddressSyntaxError):
        split_path(argument)


@pytest.mark.parametrize(
    ("local_part", "base", "tag"),
    [("alice", "alice", None), ("alice+a", "alice", "a"), ("alice+a+b", "alice", "a+b"), ("alice+", "alice", ""),
     ("+tag", "+tag", None), ("", "", None)],
)  # fmt: skip
def test_a_subaddress_is_split_at_the_first_plus(local_part: str, base: str, tag: str | None) -> None:
    """RFC 5233 1."""
    assert split_subaddress(local_part) == (base, tag)
