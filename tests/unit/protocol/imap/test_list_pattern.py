"""LIST patterns (RFC 3501 6.3.8) against a model that tries everything."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.list_pattern import compile_pattern
from posthouse.protocol.imap.mailbox_names import NAME_OCTETS_MAX


def naive(pattern: str, name: str) -> bool:
    """Each wildcard stands for nothing, or for one more character that it may stand for."""

    @cache
    def matches(at: int, of: int) -> bool:
        if at == len(pattern):
            return of == len(name)
        if pattern[at] in "*%":
            may_take = of < len(name) and (pattern[at] == "*" or name[of] != "/")
            return matches(at + 1, of) or (may_take and matches(at, of + 1))
        return of < len(name) and name[of] == pattern[at] and matches(at + 1, of + 1)

    return matches(0, 0)


@given(st.text("ab/*%", max_size=9), st.text("ab/", max_size=12))
def test_a_pattern_matches_what_the_model_matches(pattern: str, name: str) -> None:
    assert compile_pattern("", pattern).matches(name) is naive(pattern, name)


@given(st.text("ab/*%", max_size=6), st.text("ab/*%", max_size=6), st.text("ab/", max_size=12))
def test_a_reference_stands_before_the_pattern(reference: str, pattern: str, name: str) -> None:
    assert compile_pattern(reference, pattern).matches(name) is naive(reference + pattern, name)


@pytest.mark.parametrize("pattern", ["inbox", "INBOX", "iNb*", "%", "*", "in%x", "*OX", "%o%"])
def test_inbox_is_matched_in_any_case(pattern: str) -> None:
    """RFC 3501 6.3.8: INBOX is told when its name in capitals matches; 5.1: its case counts for nothing."""
    assert compile_pattern("", pattern).matches("INBOX")


def test_only_inbox_itself_counts_in_any_case() -> None:
    assert compile_pattern("", "inbox/%").matches("INBOX/Work")
    assert not compile_pattern("", "inbox/work").matches("INBOX/Work")
    assert not compile_pattern("", "inbox2").matches("INBOX2")
    assert not compile_pattern("", "a/inbox").matches("a/INBOX")
    assert not compile_pattern("", "sent").matches("Sent")


def test_a_pattern_full_of_wildcards_ends_soon() -> None:
    """Backtracking would try some 10 ** 200 ways here."""
    assert not compile_pattern("", "*a%" * 300 + "b").matches("a" * NAME_OCTETS_MAX)
    assert compile_pattern("", "*a%" * 300).matches("a" * NAME_OCTETS_MAX)


def test_an_empty_pattern_matches_no_mailbox() -> None:
    assert not compile_pattern("", "").matches("INBOX")
    assert not compile_pattern("", "").matches("a")
