"""What is known of a tree of keys while some of them are not known yet."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from posthouse.doors.imap.search_bounds import Bounds, bounds_of, chosen, every, leaves, mask_of
from posthouse.protocol.imap.search_keys import And, BodyContains, Not, Or, SearchKey

COUNT = 4
A, B, C = (BodyContains(name) for name in "abc")
LEAVES: tuple[SearchKey, ...] = (A, B, C)
TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda keys: And(tuple(keys))),
        st.builds(Or, inner, inner),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)
FLAGS = st.lists(st.booleans(), min_size=COUNT, max_size=COUNT)
MAYBE = st.lists(st.sampled_from([True, False, None]), min_size=COUNT, max_size=COUNT)


def truth(key: SearchKey, values: dict[SearchKey, bool]) -> bool:
    match key:
        case And(keys):
            return all(truth(one, values) for one in keys)
        case Or(one, other):
            return truth(one, values) or truth(other, values)
        case Not(inner):
            return not truth(inner, values)
        case _:
            return values[key]



def chosen_flags(mask: int) -> list[bool]:
    inside = set(chosen(range(COUNT), mask, COUNT))
    return [number in inside for number in range(COUNT)]


@given(key=TREES, known=st.dictionaries(st.sampled_from(LEAVES), MAYBE))
def test_bounds_hold_whatever_is_still_to_be_read(key: SearchKey, known: dict[SearchKey, list[bool | None]]) -> None:
    """Each message on its own: surely found is found in every completion; not perhaps found is found in none."""
    given_bounds = {
        leaf: Bounds(mask_of([flag is True for flag in flags]), mask_of([flag is not False for flag in flags]))
        for leaf, flags in known.items()
    }
    bounds = bounds_of(key, given_bounds, every(COUNT))
    for number in range(COUNT):
        ways = [known[leaf][number] if leaf in known else None for leaf in LEAVES]
        completions = product(*[(True, False) if way is None else (way,) for way in ways])
        found = [truth(key, dict(zip(LEAVES, values, strict=True))) for values in completions]
        assert not chosen_flags(bounds.surely)[number] or all(found)
        assert chosen_flags(bounds.perhaps)[number] or not any(found)


@given(key=TREES, values=st.tuples(FLAGS, FLAGS, FLAGS))
def test_nothing_is_open_when_all_keys_are_known(key: SearchKey, values: tuple[list[bool], ...]) -> None:
    known = {leaf: Bounds(mask_of(flags), mask_of(flags)) for leaf, flags in zip(LEAVES, values, strict=True)}
    bounds = bounds_of(key, known, every(COUNT))
    assert bounds.undecided == 0
    expected = [truth(key, dict(zip(LEAVES, row, strict=True))) for row in zip(*values, strict=True)]
    assert chosen_flags(bounds.surely) == expected


def test_leaves_are_the_keys_without_the_words_between() -> None:
    assert list(leaves(And((A, Or(Not(B), C), A)))) == [A, B, C, A]


def test_sets_of_messages() -> None:
    assert list(chosen("abcd", mask_of([0, 1, 1, 0]), 4)) == ["b", "c"]
    assert list(chosen("abcd", every(4), 4)) == list("abcd")
    assert list(chosen("abcd", 0, 4)) == []
    assert every(0) == 0
