"""How text is compared (RFC 3501 6.4.4: without regard to case; RFC 5051 for more than ASCII)."""

import sys
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.doors.imap.search_text import Needle, fold

TRICKY = st.text(st.sampled_from("aZ\n ßΣςﬁéé\u0301\u0345ｱﾞ각\u1100\u1161\u11a8½K\u00a0"), max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Subject", "sUBJECT"), ("Straße", "STRASSE"), ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"), ("ﾃｽﾄ", "テスト"), ("ﬁne", "FINE"),
        ("e\u0301", "É"), ("a\u00a0b", "A b"), ("ＡＢＣ", "abc"), ("\u212a", "k"), ("ПРИВЕТ", "привет"),
    ],
)  # fmt: skip
def test_these_are_the_same_text(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("résumé", "resume"), ("мир", "мiр"), ("a", "b"), ("が", "か")])
def test_these_are_other_letters(one: str, other: str) -> None:
    assert fold(other) not in fold(one)


@given(text=TRICKY)
def test_folding_is_normalising_and_folding_case(text: str) -> None:
    assert fold(text) == normalize("NFKC", normalize("NFKC", text).casefold())


@settings(max_examples=20, deadline=None)
@given(text=TRICKY.filter(bool))
def test_long_text_folds_in_pieces_as_it_does_whole(text: str) -> None:
    """Where it is cut nothing combines; where it cannot be cut, for it has no ASCII, it is one piece."""
    long = text * (150_000 // len(text))
    assert fold(long) == normalize("NFKC", normalize("NFKC", long).casefold())


def test_nothing_combines_with_ascii_that_follows_it() -> None:
    """What makes it right to cut text before an ASCII character, for every character that there is."""
    for code in range(128, sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000:
            character = chr(code)
            folded = normalize("NFKC", character)
            assert normalize("NFKC", character + "a1 ") == folded + "a1 "


def test_runs_are_what_stands_in_the_octets_whatever_becomes_of_white_space_and_colons() -> None:
    needle = Needle.of("Subject: See  BELOW\tnow")
    assert needle.text == "subject: see  below\tnow"
    assert set(needle.runs) == {b"subject", b"see", b"below", b"now"}
    assert needle.runs[0] == b"subject"
    assert needle.is_ascii


def test_what_folds_to_ascii_is_looked_for_as_ascii() -> None:
    assert Needle.of("\u212aﬁ").runs == (b"kfi",)
    assert not Needle.of("grün").is_ascii


@given(text=st.text(max_size=20))
def test_runs_are_pieces_of_the_needle(text: str) -> None:
    needle = Needle.of(text)
    assert all(run.decode() in needle.text for run in needle.runs)
