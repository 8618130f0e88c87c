"""The journal (`runtime.journal`): typed events, one a line, that nobody can forge and no secret can enter."""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

import posthouse
from posthouse.message.dates import Instant
from posthouse.runtime.journal import (
    GATHERED_OCTETS_MAX,
    TEXT_CHARACTERS_MAX,
    TRACEBACK_LINE_CHARACTERS_MAX,
    Event,
    Journal,
    Severity,
    event_name,
    require_plain_fields,
    traceback_of,
)


class Colour(Enum):
    RED = "red"


class MessageSeen(Event, frozen=True):
    text: str
    octets: int = 0
    at: Instant | None = None
    colour: Colour = Colour.RED
    names: tuple[str, ...] = ()


class BodySeen(Event, frozen=True):
    body: bytes


class AnythingSeen(Event, frozen=True):
    names: dict[str, object]


class SmallThing(Event, frozen=True):
    severity = Severity.DETAIL


class FixedClock:
    def now(self) -> Instant:
        return Instant(1_795_536_224_120_042)    # 2026-11-24 16:03:44.120042 UTC

    def monotonic(self) -> float:
        return 0.0


class Sink:
    """Keeps lines; fails as often as it is told."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.failures = 0

    def __call__(self, line: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no room")
        self.lines.append(line)


def written(event: Event, *, for_people: bool = False) -> bytes:
    sink = Sink()
    Journal(FixedClock(), sink, for_people=for_people).write(event)
    (line,) = sink.lines
    return line


def test_an_event_is_one_line_of_json() -> None:
    line = written(MessageSeen(session="5e55", text="hello", octets=3, names=("a", "b"), colour=Colour.RED))
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "at": "2026-11-24T16:03:44.120042Z", "event": "message-seen", "session": "5e55",
        "text": "hello", "octets": 3, "names": ["a", "b"],
    }  # fmt: skip


def test_an_event_is_named_as_its_class() -> None:
    assert event_name("SessionClosed") == "session-closed"


def test_people_read_one_short_line() -> None:
    line = written(MessageSeen(session="5e55", text="hello", octets=3), for_people=True).decode()
    assert line.endswith(" message-seen 5e55: text=hello octets=3 colour=red names=()\n")
    assert line[8:15] == ".120042"


def test_people_read_longer_texts_below_the_line() -> None:
    line = written(MessageSeen(text="Traceback\n  one\nError"), for_people=True).decode()
    assert line.splitlines()[1:] == ["    Traceback", "      one", "    Error"]


def test_what_matters_too_little_is_not_written() -> None:
    sink = Sink()
    Journal(FixedClock(), sink, threshold=Severity.NOTE).write(SmallThing())
    assert sink.lines == []
    journal = Journal(FixedClock(), sink, threshold=Severity.DETAIL)
    journal.write(SmallThing())
    assert len(sink.lines) == 1
    assert journal.wants(Severity.DETAIL)


@pytest.mark.parametrize("event", [BodySeen(body=b"secret"), AnythingSeen(names={})])
def test_secrets_and_bodies_cannot_be_put_in(event: Event) -> None:
    """DESIGN 7: passwords and messages are octets, and no field can hold octets, or anything that might."""
    sink = Sink()
    with pytest.raises(TypeError, match="secrets or bodies"):
        Journal(FixedClock(), sink).write(event)
    assert sink.lines == []


def every_event_class() -> Iterator[type[Event]]:
    for module in pkgutil.walk_packages(posthouse.__path__, "posthouse."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting = [Event]
    while waiting:
        subclasses = [found for found in waiting.pop().__subclasses__() if found.__module__.startswith("posthouse.")]
        yield from subclasses
        waiting += subclasses


def test_no_event_of_ours_can_carry_secrets_or_bodies() -> None:
    """Found here, and not when the event is first written."""
    names = set()
    for event_class in every_event_class():
        require_plain_fields(event_class)
        names.add(event_class.__name__)
    assert {"SessionClosed", "BugFound"} <= names


@given(st.text())
def test_no_text_can_forge_a_line_for_machines(text: str) -> None:
    """What a peer says is data: one line in, one line out, and the text comes back as it was."""
    line = written(MessageSeen(text=text))
    assert line.count(b"\n") == 1
    assert json.loads(line)["text"] == text


@given(st.text())
def test_no_text_can_forge_a_line_for_people(text: str) -> None:
    """Control characters move no cursor; whatever looks like a new line is indented."""
    lines = written(MessageSeen(text=text), for_people=True).decode().removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])


def test_octets_that_are_no_utf8_can_be_told() -> None:
    """A peer's name that was decoded with surrogate escapes must not keep the line from being written."""
    line = written(MessageSeen(text=b"\xff".decode("utf-8", "surrogateescape")))
    assert json.loads(line)["text"] == r"\udcff"
    assert b"udcff" in written(MessageSeen(text="\udcff"), for_people=True)


@pytest.mark.parametrize("for_people", [False, True])
def test_a_text_is_cut_at_its_limit(for_people: bool) -> None:
    line = written(MessageSeen(text="x" * 1_000_000), for_people=for_people)
    assert TEXT_CHARACTERS_MAX < len(line) < TEXT_CHARACTERS_MAX + 500


def test_a_journal_that_cannot_be_written_stops_nothing_and_says_what_is_lost() -> None:
    """A full disk under the log must not stop the mail."""
    sink = Sink()
    journal = Journal(FixedClock(), sink)
    sink.failures = 3
    for number in range(5):
        journal.write(MessageSeen(text=str(number)))
    told = [json.loads(line) for line in sink.lines]
    assert [one["event"] for one in told] == ["journal-lines-lost", "message-seen", "message-seen", "message-seen"]
    lost = told[0]["lines"]
    assert lost + len(told) - 1 == 5


class BadThing(Event, frozen=True):
    severity = Severity.FAULT


class Turn:
    """What a loop would call when its turn ends."""

    def __init__(self) -> None:
        self.called: list[Callable[[], None]] = []

    def __call__(self, callback: Callable[[], None]) -> None:
        self.called.append(callback)

    def end(self) -> None:
        called, self.called = self.called, []
        for callback in called:
            callback()


def test_the_lines_of_one_turn_are_written_in_one_call() -> None:
    sink, turn = Sink(), Turn()
    journal = Journal(FixedClock(), sink)
    journal.gather(turn)
    for turns in range(2):
        for number in range(3):
            journal.write(MessageSeen(text=str(number)))
        assert len(sink.lines) == turns
        turn.end()
    assert [octets.count(b"\n") for octets in sink.lines] == [3, 3]


def test_a_fault_is_written_at_once_with_all_before_it() -> None:
    """The next thing that happens may be the end of the process."""
    sink, turn = Sink(), Turn()
    journal = Journal(FixedClock(), sink)
    journal.gather(turn)
    journal.write(MessageSeen(text="before"))
    journal.write(BadThing())
    assert [json.loads(line)["event"] for line in sink.lines[0].splitlines()] == ["message-seen", "bad-thing"]
    turn.end()
    assert len(sink.lines) == 1


def test_gathered_lines_are_written_before_a_pipe_would_cut_them() -> None:
    """POSIX write(): up to PIPE_BUF octets stay together, whoever else writes."""
    sink, turn = Sink(), Turn()
    journal = Journal(FixedClock(), sink)
    journal.gather(turn)
    for _ in range(100):
        journal.write(MessageSeen(text="x" * 100))
    journal.gather(None)
    assert sum(octets.count(b"\n") for octets in sink.lines) == 100
    assert max(map(len, sink.lines)) <= GATHERED_OCTETS_MAX
    assert all(octets.endswith(b"\n") for octets in sink.lines)


def test_gathered_lines_that_are_lost_are_counted() -> None:
    sink, turn = Sink(), Turn()
    journal = Journal(FixedClock(), sink)
    journal.gather(turn)
    sink.failures = 1
    for _ in range(3):
        journal.write(MessageSeen(text="lost"))
    turn.end()
    journal.write(MessageSeen(text="kept"))
    turn.end()
    told = [json.loads(line) for octets in sink.lines for line in octets.splitlines()]
    assert [(one["event"], one.get("lines")) for one in told] == [("journal-lines-lost", 3), ("message-seen", None)]


def test_a_traceback_tells_where_but_not_all_that_was_said() -> None:
    """An exception's message may hold what a peer sent: its lines are cut."""
    try:
        raise ValueError("b" * 100_000)
    except ValueError as bug:
        told = traceback_of(bug)
    assert "test_a_traceback_tells_where" in told
    assert max(map(len, told.splitlines())) == TRACEBACK_LINE_CHARACTERS_MAX
