"""Octets into commands (RFC 3501 2.2, 4.3; RFC 7888), without a session around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.framing import Announcement, CommandReader, Fault, Progress


def reader_of(octets: bytes) -> CommandReader:
    reader = CommandReader()
    reader.feed(octets)
    return reader


def read_all(reader: CommandReader) -> list[bytes]:
    """All commands, every literal taken."""
    commands = []
    while (found := reader.read_command(1000)) is not None:
        if isinstance(found, Announcement):
            reader.take_literal(found.size_octets)
        else:
            assert isinstance(found, bytes)
            commands.append(found)
    return commands


LITERALS = st.binary(max_size=12) | st.sampled_from([b"\r\n", b"}\r\n", b"{3}\r\n", b"}", b"\n", b"{9+}\r\na b c\r\n"])
WORDS = st.text("ab c}{1+", max_size=8).map(str.encode).filter(lambda word: not word.endswith(b"}"))
COMMANDS = st.tuples(st.lists(st.tuples(WORDS, st.booleans(), LITERALS), max_size=4), WORDS).map(
    lambda command: b"".join(b"%b{%d%b}\r\n%b" % (word, len(octets), b"+" if plus else b"", octets)
                             for word, plus, octets in command[0]) + command[1]
)  # fmt: skip


@given(st.lists(COMMANDS, max_size=5), st.data())
def test_commands_are_cut_where_they_end_however_they_arrive(commands: list[bytes], data: st.DataObject) -> None:
    """RFC 3501 4.3: a literal's octets are counted, never looked at."""
    stream = b"".join(command + b"\r\n" for command in commands)
    assert read_all(reader_of(stream)) == commands
    for cuts in ([1] * len(stream), data.draw(st.lists(st.integers(1, 9), max_size=len(stream)))):
        reader, found, at = CommandReader(), [], 0
        for size in [*cuts, len(stream)]:
            reader.feed(stream[at : at + size])
            at += size
            found += read_all(reader)
        assert found == commands
        assert reader.unread_octets == 0


@pytest.mark.parametrize(("line", "announced"), [
    (b"a {0}\r\n", Announcement(0, is_synchronising=True)),
    (b"{12+}\r\n", Announcement(12, is_synchronising=False)),
    (b"a {4294967296}\r\n", Announcement(4_294_967_296, is_synchronising=True)),
    (b"a {%b+}\r\n" % (b"9" * 40), Announcement(int("9" * 40), is_synchronising=False)),
])  # fmt: skip
def test_a_literal_is_announced_at_the_end_of_a_line(line: bytes, announced: Announcement) -> None:
    assert reader_of(line).read_command(1000) == announced


@pytest.mark.parametrize("line", [b"a {}", b"a {+}", b"a {-1}", b"a {1-}", b"a {1} ", b"a }", b"}", b"a {1}}",
b"a {x}", b"a {\xb2}"])
def test_what_looks_like_an_announcement_is_text(line: bytes) -> None:
    assert reader_of(line + b"\r\n").read_command(1000) == line


@pytest.mark.parametrize("line", [b"a NOOP\n", b"\n", b"a {1}\n", b"a\r \n"])
def test_a_line_feed_alone_ends_no_command(line: bytes) -> None:
    """RFC 3501 2.2: lines end with CRLF. It is told at once: the peer would wait for ever."""
    reader = reader_of(line + b"b NOOP\r\n")
    assert reader.read_command(1000) is Fault.BARE_LINE_FEED
    assert reader.command_start().startswith(line)
    reader.drop_command()
    assert reader.swallow(1000) in (Progress.DONE, Progress.MORE)


def test_a_line_feed_behind_a_literal_that_ends_in_a_return_is_alone() -> None:
    reader = reader_of(b"a {1+}\r\n\r\n")
    found = reader.read_command(1000)
    assert isinstance(found, Announcement)
    reader.take_literal(1)
    assert reader.read_command(1000) is Fault.BARE_LINE_FEED


@pytest.mark.parametrize("ending", [b"", b"\r\n"])
def test_a_line_is_limited_whether_its_end_has_come_or_not(ending: bytes) -> None:
    assert reader_of(b"a" * 9 + b"\r\n").read_command(10) == b"a" * 9
    assert reader_of(b"a" * 11 + ending).read_command(10) is Fault.TOO_LONG


def test_literals_do_not_count_as_line() -> None:
    reader = reader_of(b"a {5+}\r\n12345 b\r\n")
    assert isinstance(reader.read_command(12), Announcement)
    reader.take_literal(5)
    assert reader.literal_octets == 5
    assert reader.read_command(12) == b"a {5+}\r\n12345 b"
    assert reader.literal_octets == 0


def test_the_command_so_far_ends_before_the_brace() -> None:
    reader = reader_of(b"a {1+}\r\n{ {2+}\r\n")
    assert isinstance(reader.read_command(100), Announcement)
    assert reader.command_so_far() == b"a "
    reader.take_literal(1)
    assert isinstance(reader.read_command(100), Announcement)
    assert reader.command_so_far() == b"a {1+}\r\n{ "
    assert reader.command_so_far(3) == b"a {"


REFUSED = [    # what is refused, and what of it was swallowed when the next command begins
    (b"x {3+}\r\n", b"abc\r\n"), (b"x {3+}\r\n", b"abc {2+}\r\n\r\n y\r\n"), (b"x {3+}\r\n", b"abc {2}\r\n"),
    (b"x {0+}\r\n", b"\r\n"), (b"x {4+}\r\n", b"{9}\r\r\n"), (b"x {3+}\r\n", b"abc {1+}\nz\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "rest"), REFUSED)
@pytest.mark.parametrize("step", [1, 2, 100])
def test_the_rest_of_a_refused_command_is_swallowed_with_its_literals(head: bytes, rest: bytes, step: int) -> None:
    """RFC 7888 4: what comes without leave comes all the same, and none of it may be taken for a command."""
    reader = reader_of(head)
    found = reader.read_command(1000)
    assert isinstance(found, Announcement)
    reader.drop_command(found.size_octets)
    stream, at = rest + b"b NOOP\r\n", 0
    progress = reader.swallow(1000)
    while progress is Progress.MORE:
        assert at < len(rest)
        reader.feed(stream[at : at + step])
        at += step
        progress = reader.swallow(1000)
    reader.feed(stream[at:])
    assert progress is Progress.DONE
    assert reader.read_command(1000) == b"b NOOP"


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize(("size", "expected"), [(98, Progress.DONE), (99, Progress.TOO_MUCH),
(5_000, Progress.TOO_MUCH)])
def test_swallowing_has_an_end(size: int, expected: Progress, step: int) -> None:
    """100 octets, line end included: the answer must not depend on how they arrive."""
    reader, stream = CommandReader(), b"y" * size + b"\r\n"
    reader.drop_command()
    progress, at = Progress.MORE, 0
    while progress is Progress.MORE and at < len(stream):
        reader.feed(stream[at : at + step])
        at += step
        progress = reader.swallow(100)
        assert progress is not Progress.MORE or reader.unread_octets <= 45
    assert progress is expected


def test_a_literal_beyond_what_is_swallowed_is_not_waited_for() -> None:
    """4 GB announced cost nothing."""
    reader = CommandReader()
    reader.drop_command(4_294_967_295)
    assert reader.swallow(100) is Progress.TOO_MUCH
    reader = reader_of(b"y {4294967295+}\r\n")
    reader.drop_command()
    assert reader.swallow(100) is Progress.TOO_MUCH


def test_a_line_that_is_no_command_announces_nothing() -> None:
    reader = reader_of(b"DONE {5+}\r\nrest")
    assert reader.read_line(64) == b"DONE {5+}"
    assert reader.take(2) == b"re"
    assert reader.take(9) == b"st"
    assert reader.take(9) == b""
