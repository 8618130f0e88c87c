"""Identity: an account may write in the name of exactly those addresses whose mail comes to it."""

import pytest

from posthouse.message.address import NULL_REVERSE_PATH, Address, Domain, parse_address
from posthouse.message.status import Status
from posthouse.policy.identity import Claim, judge_authors, judge_reverse_path
from posthouse.policy.verdicts import Accept, Refuse


def ours(text: str) -> Claim:
    return Claim(parse_address(text), delivers_to_account=True)


def foreign(text: str) -> Claim:
    return Claim(parse_address(text), delivers_to_account=False)


@pytest.mark.parametrize("text", ["ada@example.org", "ada+lists@example.org", "sales@example.org", '"a b"@example.org'])
def test_an_address_that_comes_back_to_the_account_may_be_used(text: str) -> None:
    """Issue 4: accounts submit for their own addresses, tags and aliases included."""
    assert isinstance(judge_reverse_path(ours(text)), Accept)
    assert isinstance(judge_authors((ours(text),)), Accept)


def test_the_reverse_path_of_another_is_refused_by_name() -> None:
    """RFC 6409 6.1: insufficient submission rights; the reply says which address it was."""
    verdict = judge_reverse_path(foreign("grace@example.org"))
    assert verdict == Refuse(Status("5.7.1"), "this account may not submit as grace@example.org")


def test_the_null_reverse_path_is_allowed() -> None:
    """RFC 6409 3.2: in itself no cause to reject; RFC 8098 3: disposition notifications are sent with it."""
    assert isinstance(judge_reverse_path(NULL_REVERSE_PATH), Accept)


def test_one_foreign_author_among_several_is_refused() -> None:
    """RFC 5322 3.6.2: every address of From is an author, so each must be the account's."""
    assert isinstance(judge_authors((ours("ada@example.org"), ours("sales@example.org"))), Accept)
    for authors in (
        (ours("ada@example.org"), foreign("grace@example.net")),
        (foreign("grace@example.net"), ours("ada@example.org")),
    ):
        verdict = judge_authors(authors)
        assert isinstance(verdict, Refuse)
        assert verdict.text.endswith("grace@example.net")


def test_a_message_without_an_author_is_refused() -> None:
    """RFC 5322 3.6: From is mandatory; without it nothing says in whose name the message is."""
    verdict = judge_authors(())
    assert isinstance(verdict, Refuse)
    assert verdict.status == Status("5.6.0")


def test_what_is_shown_of_a_foreign_address_fits_into_a_reply() -> None:
    """RFC 5321 4.2: replies are ASCII; a From field may hold anything that an address can."""
    claim = Claim(Address("gr\u00e4ce", Domain("b\u00fccher.example")), delivers_to_account=False)
    verdict = judge_authors((claim,))
    assert isinstance(verdict, Refuse)
    assert verdict.text.endswith("gr?ce@b?cher.example")
    assert isinstance(judge_reverse_path(claim), Refuse)
