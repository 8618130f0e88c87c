"""A connection's whole life in any order (`doors.connection`): random callbacks of a loop, on a transport in memory.

What must hold in each: the session is opened first and closed exactly once, nothing is called after that, nothing is
written after the end, answers are given in turn, and the place that the peer took is free again.
"""

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from posthouse.doors.connection import Connection
from posthouse.doors.connections import Connections
from posthouse.doors.patience import Patience
from posthouse.doors.session import Ending
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.counters import Admission, SessionLimits
from posthouse.runtime.journal import Journal
from posthouse.runtime.tls import CertificateFiles, Certificates
from unit.doors.loop import HandClock
from unit.doors.stage import Stage


class MemoryTransport(asyncio.Transport):
    """A transport as both loops have them: it calls `connection_lost` once, later, and nothing after it."""

    def __init__(self, connection: Connection, door: "RecorderDoor") -> None:
        super().__init__({"peername": ("192.0.2.1", 1)})
        self.connection = connection
        self.connection_door = door
        self.written: list[bytes] = []
        self.is_lost = self.is_ended = self.is_paused = False
        self.pending_loss = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        if self.is_ended or self.is_lost:
            self.connection_door.session.violations.append("written after the end of writing")
        if not self.pending_loss:
            self.written.append(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_ended = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self.pending_loss

    def close(self) -> None:
        self.pending_loss = True

    abort = close

    def lose(self) -> None:
        """What a loop does in its next round after `close` or `abort`, or after the peer is gone."""
        if not self.is_lost:
            self.is_lost = self.pending_loss = True
            self.connection.connection_lost(None)


class Recorder:
    """A session that notes what it is called with, and does what the next octet says."""

    is_between_commands = True

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.calls: list[str] = []
        self.violations: list[str] = []
        self.futures: list[asyncio.Future[object]] = []
        self.waits = 0

    def opened(self) -> None:
        self.note("opened")
        self.connection.write(b"220\r\n")

    def receive(self, octets: bytes) -> None:
        self.note("receive")
        if self.waits:
            self.violations.append("receive while an answer is outstanding")
        for octet in octets.decode():
            self.act(octet)

    def act(self, octet: str) -> None:
        actions: dict[str, Callable[[], object]] = {
            "w": lambda: self.connection.write(b"250\r\n"),
            "a": self.wait,
            "x": self.connection.abort,
            "q": self.connection.close_when_sent,
            "h": self.connection.close_when_heard_out,
            "e": lambda: self.connection.expect(Patience(total_seconds=10)),
            "d": self.connection.drained,
            "b": self.fail,
        }
        actions[octet]()

    def wait(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        self.waits += 1
        self.connection.await_answer(future, self.answered)

    def answered(self, future: "asyncio.Future[object]") -> None:
        self.note("answered")
        self.waits -= 1
        future.result()
        self.connection.write(b"251\r\n")

    def fail(self) -> None:
        raise ZeroDivisionError

    def secured(self) -> None:
        self.note("secured")

    def last_words(self, ending: Ending) -> bytes:
        self.note("last_words")
        return b"421\r\n"

    def closed(self) -> None:
        self.note("closed")

    def note(self, call: str) -> None:
        if "closed" in self.calls:
            self.violations.append(f"{call} after closed")    # not raised: that would be a bug, and caught as one
        self.calls.append(call)


class RecorderDoor:
    name = "recorder"

    def open(self, connection: Connection) -> Recorder:
        self.session = Recorder(connection)
        return self.session

    def refusal(self, admission: Admission) -> bytes:
        return b"421\r\n"


class Life:
    """One connection, and what a loop may do to it next."""

    def __init__(self, certificate: CertificateFiles) -> None:
        self.clock = HandClock()
        self.connections = Connections(
            SessionLimits(), Certificates((certificate,)), clock=self.clock, chance=SystemChance(),
            journal=Journal(self.clock, lambda _: None),
        )  # fmt: skip
        self.door = RecorderDoor()
        self.connection = Connection(self.connections, self.door)
        self.transport = MemoryTransport(self.connection, self.door)
        self.connection.connection_made(self.transport)
        self.eof_told = self.is_congested = False

    async def step(self, step: str) -> None:
        if step.startswith("say ") and not (self.transport.pending_loss or self.eof_told or self.transport.is_paused):
            self.connection.data_received(step[4:].encode())
        elif step == "eof" and not (self.transport.pending_loss or self.eof_told or self.transport.is_paused):
            self.eof_told = True
            if not self.connection.eof_received():
                self.transport.close()
        elif step in {"congested", "relieved"} and not self.transport.pending_loss:
            if (step == "congested") != self.is_congested:
                self.is_congested = not self.is_congested
                (self.connection.pause_writing if self.is_congested else self.connection.resume_writing)()
        elif step == "lost":
            self.transport.lose()
        elif step == "time":
            self.clock.seconds += 20
            self.connections.sweep()
        elif step == "stop":
            self.connections.is_stopping = True
            self.connection.part_if_idle()
        elif step in {"answer", "fault", "cancel"}:
            self.give(step)
        for _ in range(3):    # the loop goes round
            await asyncio.sleep(0)
        if self.transport.pending_loss:
            self.transport.lose()

    def give(self, step: str) -> None:
        waiting = [future for future in self.door.session.futures if not future.done()]
        if waiting and step == "answer":
            waiting[0].set_result(None)
        elif waiting and step == "fault":
            waiting[0].set_exception(ValueError())
        elif waiting:
            waiting[0].cancel()


says = st.text("wwaaxqhedb", min_size=1, max_size=4).map("say {}".format)
others = st.sampled_from(
    ["eof", "congested", "relieved", "lost", "time", "stop", "answer", "answer", "answer", "fault", "cancel"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(says | others, max_size=12))
@example(steps=["say aa", "say w", "answer"])    # held back until the last of two answers
def test_every_life_ends_once_and_leaves_nothing(certificate: CertificateFiles, steps: list[str]) -> None:
    async def live() -> None:
        life = Life(certificate)
        for step in steps:
            await life.step(step)
        calls, violations = life.door.session.calls, life.door.session.violations
        assert calls[0] == "opened"
        for _ in range(100):    # time and the answers of ours end whatever is left
            if life.transport.is_lost:
                break
            await life.step("answer")
            await life.step("time")
        assert life.transport.is_lost
        assert violations == []
        assert calls.count("closed") == 1
        assert calls[-1] == "closed"
        assert calls.count("last_words") <= 1
        assert not len(life.connections)
        assert life.connections._counts.total == 0

    asyncio.run(live())


def test_a_session_that_has_ended_is_freed_without_the_collector_of_cycles(stage: Stage) -> None:
    """Thousands end in a second: what they hold must not wait for the collector, nor cost its walks."""
    gc.disable()
    try:
        client = stage.greeted_client()
        client.say("WAIT")
        stage.answer(1)
        client.line()
        session = weakref.ref(stage.sessions[0])
        client.say("QUIT")
        client.rest()
        stage.sessions.clear()
        stage.wait_for("closed")
        stage.wait_until(lambda: session() is None)
    finally:
        gc.enable()
    assert cast(object, session()) is None
