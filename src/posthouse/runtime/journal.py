"""The journal: one typed event a line on standard error, for people at a terminal or as JSON for machines.

Only events can be written, and an event's fields can only be text, numbers, truths, enumerations and tuples of those:
there is no way to put octets in, so neither a password nor a message ends up in a log by accident. Texts are cut at a
limit and control characters are escaped, so that no peer can forge a line. A journal that cannot be written (a full
disk, a reader that is gone) never stops the mail: the line is lost, and the next one that can be written says how many.

A busy server writes thousands of lines a second, so a worker gathers those of one turn of its loop and writes them in
one call; what is a warning or worse is written at once, with all before it.
"""

import os
import traceback
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, IntEnum
from functools import lru_cache
from typing import ClassVar, Final

import msgspec

from posthouse.runtime.clock import Clock

TEXT_CHARACTERS_MAX: Final = 16_384
"""A traceback through every room takes about 10,000 characters; a line of a peer's is shorter (RFC 5321 4.5.3.1)."""

TRACEBACK_LINE_CHARACTERS_MAX: Final = 200    # our own lines are shorter

GATHERED_OCTETS_MAX: Final = 4_096    # PIPE_BUF on Linux: as much as a pipe takes whole, whoever else writes to it

Sink = Callable[[bytes], None]
"""Takes whole lines; raises OSError when it cannot."""
Soon = Callable[[Callable[[], None]], object]
"""Has something called when the turn of the loop under way has ended: `loop.call_soon`."""


class Severity(IntEnum):
    """How much an event matters to whoever runs the server."""

    DETAIL = 10      # every step, for a closer look
    NOTE = 20        # what an administrator wants to see of a usual day
    WARNING = 30     # refused or limited: a look may be needed
    FAULT = 40       # ours: a bug, a full disk, a dead worker


def event_name(class_name: str) -> str:
    """How a class of events is called in the journal: `SessionClosed` is "session-closed"."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in class_name).lstrip("-")


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag=event_name):
    """Something that happened, and where. A subclass is named for it and adds its facts.

    Write `class SessionClosed(Event, frozen=True)`; a severity other than NOTE is a class attribute.
    """

    severity: ClassVar[Severity] = Severity.NOTE
    session: str = ""


class JournalLinesLost(Event, frozen=True):
    """So many lines could not be written before this one."""

    severity = Severity.WARNING
    lines: int


class Journal:
    """Writes events that are severe enough, each as one line. One a process; used on the thread of its loop.

    An event below the threshold costs a comparison; make even that cheap for a hot path by asking `wants` first.
    """

    __slots__ = (
        "_clock", "_encode", "_gathered", "_gathered_octets", "_lost", "_sink", "_soon", "_threshold", "_time_text",
    )  # fmt: skip

    def __init__(
        self, clock: Clock, sink: Sink, *, threshold: Severity = Severity.NOTE, for_people: bool = False
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._threshold = threshold
        self._encode = _line_for_people if for_people else _line_for_machines
        self._time_text = _local_second if for_people else _utc_second
        self._lost = 0
        self._soon: Soon | None = None
        self._gathered: list[bytes] = []
        self._gathered_octets = 0

    def gather(self, soon: Soon | None) -> None:
        """Write the lines of one turn of the loop together from now on; None: each at once again.

        Whoever ends the process amid a turn calls `flush` before.
        """
        self._soon = soon
        self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        lines, self._gathered, self._gathered_octets = self._gathered, [], 0
        if not lines:
            return
        try:
            self._sink(b"".join(lines))
        except OSError:
            self._lost += len(lines)

    def wants(self, severity: Severity) -> bool:
        return severity >= self._threshold

    def write(self, event: Event) -> None:
        """Write one event, unless it matters too little. Never raises for what stands in it or for a broken sink.

        Raises TypeError when the event's class has a field that could carry octets: that is a bug of ours.
        """
        if event.severity < self._threshold:
            return
        require_plain_fields(type(event))
        if self._lost:
            self._tell_losses()
        self._put(self._line(event), is_urgent=event.severity >= Severity.WARNING)

    def _put(self, line: bytes, *, is_urgent: bool) -> None:
        if self._gathered_octets + len(line) > GATHERED_OCTETS_MAX:
            self.flush()
        if not self._gathered and self._soon is not None and not is_urgent:
            self._soon(self.flush)
        self._gathered.append(line)
        self._gathered_octets += len(line)
        if self._soon is None or is_urgent:
            self.flush()

    def _tell_losses(self) -> None:
        try:
            self._sink(self._line(JournalLinesLost(lines=self._lost)))
        except OSError:
            return
        self._lost = 0

    def _line(self, event: Event) -> bytes:
        second, microsecond = divmod(self._clock.now(), 1_000_000)
        return self._encode(f"{self._time_text(second)}.{microsecond:06}", event)


def standard_error(octets: bytes) -> None:
    """The sink of a running server. One call for whole lines, so that those of two processes do not mix."""
    rest = memoryview(octets)
    while rest:
        rest = rest[os.write(2, rest):]


@lru_cache(maxsize=256)    # all our event classes are fewer
def require_plain_fields(event_type: type[Event]) -> None:
    """Raise TypeError unless every field is text, a number, a truth, an enumeration, or a tuple or union of those."""
    for name, annotation in typing.get_type_hints(event_type).items():
        if typing.get_origin(annotation) is not ClassVar and not _is_plain(annotation):
            raise TypeError(f"{event_type.__name__}.{name}: {annotation!r} could carry secrets or bodies into a log")


def _is_plain(annotation: object) -> bool:
    if annotation in {str, int, float, bool, types.NoneType, Ellipsis}:
        return True
    if isinstance(annotation, typing.NewType):
        return _is_plain(annotation.__supertype__)
    if typing.get_origin(annotation) in {tuple, typing.Union, types.UnionType}:
        return all(_is_plain(argument) for argument in typing.get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, Enum)


@lru_cache(maxsize=2)    # of all the lines in a second, the first pays for its text
def _utc_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=2)
def _local_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone().strftime("%H:%M:%S")


def _line_for_machines(at: str, event: Event) -> bytes:
    """`{"at": ..., "event": ..., "session": ..., facts}` and a line feed."""
    try:
        facts = msgspec.json.encode(event)
    except UnicodeEncodeError:    # lone surrogates: text that was decoded from octets that are no UTF-8
        facts = msgspec.json.encode(_tame(event))
    if len(facts) > TEXT_CHARACTERS_MAX:
        facts = msgspec.json.encode(_tame(event))
    return b'{"at":"%bZ",%b\n' % (at.encode(), facts[1:])


def _line_for_people(at: str, event: Event) -> bytes:
    """`12:03:44.120042 session-closed 3f...: fact=value ...`; a text of several lines follows, indented."""
    short: list[str] = []
    long: list[str] = []
    for name, value in msgspec.structs.asdict(_tame(event)).items():
        if name == "session" or value is None:
            continue
        shown = str(value.value if isinstance(value, Enum) else value)
        if "\n" in shown:
            long += ["", *("    " + _printable(line) for line in shown.splitlines())]
        else:
            short.append(f"{name}={_quoted(shown)}")
    head = f"{at} {event_name(type(event).__name__)}"
    session = f" {_printable(event.session)}:" if event.session else ""
    return (head + session + "".join(f" {fact}" for fact in short) + "\n".join(long) + "\n").encode()


def _tame(event: Event) -> Event:
    """The same event with texts cut at the limit, and without what UTF-8 cannot say."""
    return msgspec.structs.replace(event, **{
        name: value[:TEXT_CHARACTERS_MAX].encode("utf-8", "backslashreplace").decode()
        for name, value in msgspec.structs.asdict(event).items() if isinstance(value, str)
    })  # fmt: skip


def _printable(text: str) -> str:
    """Text that cannot move the cursor or begin a new line."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _quoted(text: str) -> str:
    """Printable text, in quotes where a blank would end it."""
    return f'"{_printable(text)}"' if " " in text else _printable(text)


def traceback_of(bug: BaseException) -> str:
    """Where a bug struck. Its lines are cut: what a peer said, a body for instance, might stand in its message."""
    lines = "".join(traceback.format_exception(bug)).splitlines()
    return "\n".join(line[:TRACEBACK_LINE_CHARACTERS_MAX] for line in lines)
