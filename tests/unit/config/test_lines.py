"""Lines are found as people count them, whatever way TOML offers to write a key."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.config.lines import Lines

TEXT = '''# a comment = 1
top = 1
"quoted key" = 2
a.b.c = 3
text = """
not_a_key = 1
[not.a.table]
"""
list = [
  "x = 1",
  2,
]

[table]
key = 1

[table . 'sub.dotted']
key = 1

[[many]]
key = 1
[many.below]
key = 1

[[many]]
key = 1
inline = { x = 1, y = 2 }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1), (("top",), 2), (("quoted key",), 3), (("a", "b", "c"), 4), (("a",), 4), (("text",), 5),
        (("list",), 9), (("table",), 14), (("table", "key"), 15), (("table", "sub.dotted", "key"), 18),
        (("many", 0, "key"), 21), (("many", 0, "below", "key"), 23), (("many", 1), 25), (("many", 1, "key"), 26),
        (("many", 1, "inline"), 27), (("many", 1, "inline", "y"), 27), (("list", 1), 9), (("nowhere", "at all"), 1),
    ],
)  # fmt: skip
def test_a_key_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    """What cannot be found has the line of what holds it, so that there always is one."""
    tomllib.loads(TEXT)    # the example is TOML
    assert Lines(TEXT).of(path) == line


_KEYS = st.text("ab-_1", min_size=1, max_size=3)
_NAMES = st.one_of(_KEYS, st.text("a .=[]#é", min_size=1, max_size=4).map(lambda text: f'"{text}"'))


@settings(max_examples=100)
@given(st.lists(st.tuples(_NAMES, st.integers(0, 3)), unique_by=lambda pair: pair[0].strip('"'), max_size=8))
def test_every_key_that_toml_reads_is_found(pairs: list[tuple[str, int]]) -> None:
    """The scan agrees with tomllib about what the keys are; the lines are those that they were written on."""
    text, expected = "", {}
    line = 1
    for name, blank in pairs:
        text += "\n" * blank + f"{name} = 1\n"
        line += blank
        expected[name.strip('"')] = line
        line += 1
    lines = Lines(text)
    assert {key: lines.of((key,)) for key in tomllib.loads(text)} == expected


@settings(max_examples=200)
@given(st.text('ab="\'\n[]. #{}', max_size=60))
def test_no_text_that_is_toml_breaks_the_scan(text: str) -> None:
    """Only what tomllib has accepted is scanned, and then every line exists."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = Lines(text)
    assert all(1 <= lines.of((key,)) <= text.count("\n") + 1 for key in tables)
