"""Who a submitted message says wrote it (`delivery.authors`): nobody whom a reader could take for the author is missed.

The oracle is Python's own reader of address lists, in both of its moods: it reads hostile fields otherwise than we do,
which is the point.
"""

from email.headerregistry import AddressHeader
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.delivery.authors import AUTHORS_OCTETS_MAX, claimed_authors
from posthouse.delivery.errors import AuthorRefused
from posthouse.message.headers import HeaderSection
from posthouse.policy.identity import Claim
from unit.delivery.house import ORIGINATOR, House

OWN = {"ada@example.org", "ADA@Example.ORG", "ada+x@example.org", "sales@example.org", "team@example.org"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory):
    """One house for the module: nothing here changes it."""
    opened = House(tmp_path_factory.mktemp("authors"))
    yield opened.directory
    opened.close()


def claims(directory, *values: str) -> tuple[Claim, ...]:
    fields = "".join(f"From: {value}\r\n" for value in values)
    return claimed_authors(HeaderSection.parse(fields.encode() + b"\r\n"), ORIGINATOR, directory)


def named(found: tuple[Claim, ...]) -> set[str]:
    return {str(claim.address) for claim in found}


@pytest.mark.parametrize("address", sorted(OWN))
def test_an_address_whose_mail_comes_to_the_account_is_its_own(directory, address: str) -> None:
    """RFC 6409 6.1, as `policy.identity` has it."""
    (claim,) = claims(directory, f"Ada <{address}>")
    assert claim.delivers_to_account


@pytest.mark.parametrize(
    "address", ["bob@example.org", "nobody@example.org", "ada@elsewhere.example", "ada@[127.0.0.1]"]
)
def test_no_other_is(directory, address: str) -> None:
    """As above."""
    (claim,) = claims(directory, address)
    assert not claim.delivers_to_account


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("Ada <ada@example.org>", {"ada@example.org"}),
        ("ada@example.org (bob@example.org)", {"ada@example.org"}),
        ('"bob@example.org" <ada@example.org>', {"ada@example.org"}),
        ('"\\"bob@example.org" <ada@example.org>', {"ada@example.org"}),
        ("=?utf-8?q?bob=40example.org?= <ada@example.org>", {"ada@example.org"}),
        ("@ada <ada@example.org>", {"ada@example.org"}),
        ('"a b"@example.org', {'"a b"@example.org'}),
        ("us: ada@example.org, bob@example.org;", {"ada@example.org", "bob@example.org"}),
        ("<bob@example.org> <ada@example.org>", {"ada@example.org", "bob@example.org"}),
        ("bob@example.org <ada@example.org>", {"ada@example.org", "bob@example.org"}),
        ("bob @ example.org <ada@example.org>", {"ada@example.org", "bob@example.org"}),
        ("bob(x)@(y(z))example.org <ada@example.org>", {"ada@example.org", "bob@example.org"}),
        ("<@bob@example.org:ada@example.org>", {"ada@example.org", "bob@example.org"}),
        ('(it"s) bob@example.org (") <ada@example.org>', {"ada@example.org", "bob@example.org"}),
        ("(a\\)) bob@example.org, (\\() ada@example.org", {"ada@example.org", "bob@example.org"}),
        ('"(" bob@example.org ")" <ada@example.org>', {"ada@example.org", "bob@example.org"}),
        ('"a b"@example.net <ada@example.org>', {"ada@example.org", '"a b"@example.net'}),
        ("", set()),
        ("nobody:;", set()),
    ],
)
def test_whatever_stands_there_like_an_address_is_named(directory, value: str, addresses: set[str]) -> None:
    """Readers differ; what is a comment or a display name in quotes is no address to any of them."""
    assert named(claims(directory, value)) == addresses


def test_every_from_field_counts(directory) -> None:
    """RFC 5322 3.6 allows one; some programs show the first, some the last."""
    assert named(claims(directory, "ada@example.org", "bob@example.org")) == {"ada@example.org", "bob@example.org"}


@pytest.mark.parametrize(
    "value", ["ada", "ada@", "<>", "ada@-", "ada@" + "x" * 300, "a" * 65 + "@example.org", "\udcff@x.example"]
)
def test_what_is_no_address_is_refused(directory, value: str) -> None:
    """RFC 5322 3.6.2: a message has an author with an address."""
    section = HeaderSection.parse(b"From: " + value.encode("utf-8", "surrogateescape") + b"\r\n\r\n")
    with pytest.raises(AuthorRefused) as refused:
        claimed_authors(section, ORIGINATOR, directory)
    assert str(refused.value.status) == "5.6.0"


@pytest.mark.parametrize(
    "value",
    [
        'ada@example.org " bob@example.org',
        'ada@example.org "\\" bob@example.org',
        "ada@example.org (bob@example.org",
        "ada@example.org ((c) bob@example.org",
        "ada@example.org ) bob@example.org",
        'ada@example.org \\" bob@example.org "',
        "ada@example.org (\\) bob@example.org",
    ],
)
def test_a_quote_or_bracket_without_its_other_end_is_refused(directory, value: str) -> None:
    """RFC 5322 3.2.2, 3.2.4: to one reader what lies behind is hidden, to another it is not."""
    with pytest.raises(AuthorRefused, match="without its other end"):
        claims(directory, value)


def test_more_than_is_read_is_refused(directory) -> None:
    """Nobody hides behind a limit of ours."""
    padding = "," * (AUTHORS_OCTETS_MAX - len("ada@example.org (c)bob@example.org"))
    assert named(claims(directory, f"ada@example.org (c){padding}bob@example.org")) > {"bob@example.org"}
    with pytest.raises(AuthorRefused, match="longer than"):
        claims(directory, f"ada@example.org (c){padding},bob@example.org")


PIECES = st.sampled_from(
    ["ada@example.org", "bob@example.org", "eve@x.example", "<", ">", ",", ";", ":", " ", "(", ")", '"', "\\", "@",
     "a", ".", "Ada", "<bob@example.org>", "<ada@example.org>", "@x.example:", "(c)", '"q"', "\r\n ", "[", "]"]
)  # fmt: skip


def addresses_read_by_python(value: str) -> set[str]:
    """What Python's older reader (lenient, as many mail programs are) and its newer one (a grammar) find in a field."""
    found = {address for _, address in getaddresses([value])}
    try:
        parsed: dict[str, object] = {}
        AddressHeader.parse(value, parsed)
        found |= {each.addr_spec for group in parsed["groups"] for each in group.addresses}    # type: ignore[attr-defined]
    except Exception:    # it stumbles over hostile fields in many ways: then it shows nothing
        pass
    return found


@settings(max_examples=400)
@given(st.lists(PIECES, min_size=1, max_size=12).map("".join))
def test_no_other_reader_finds_an_author_whom_we_have_not_judged(directory, value: str) -> None:
    """Were there one, an account could write as somebody else to whoever reads so."""
    try:
        judged = {address.lower() for address in named(claims(directory, value))}
    except AuthorRefused:
        return
    whole = {"ada@example.org", "bob@example.org", "eve@x.example"}
    assert addresses_read_by_python(value.replace("\r\n", "")) & whole <= judged
