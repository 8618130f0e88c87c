"""The supervisor and its worker (`runtime.supervisor`, `runtime.process`): real processes, joined to us by pipes.

Each test runs a small program in a process group of its own and reads what it says; nothing sleeps. SIGKILL here proves
what becomes of the processes, not what becomes of the disk.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

SECONDS = 20.0    # until a test says that something does not come; on success it never waits so long

PRELUDE = """
import asyncio, os, signal, socket, sys
from posthouse.runtime.clock import SystemClock
from posthouse.runtime.journal import Journal, standard_error
from posthouse.runtime.process import ExitCode, WorkerLink, raise_descriptor_limit
from posthouse.runtime.restarts import RestartLimits
from posthouse.runtime.supervisor import Hangup, Milestones, Supervisor

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def supervise(work, hangup=Hangup.RELOADS, **limits):
    journal = Journal(SystemClock(), standard_error)
    milestones = Milestones(ready=lambda: say("ready"), stopping=lambda: None)
    supervisor = Supervisor(work, milestones, clock=SystemClock(), journal=journal, hangup=hangup,
                            limits=RestartLimits(**limits))
    say("ended", int(supervisor.run()))

def serve(link, then=lambda: ExitCode.DONE):
    async def main():
        stop = asyncio.Event()
        link.attach(asyncio.get_running_loop(), stop=stop.set, reload=lambda: say("reloaded"),
                    die=lambda: os._exit(ExitCode.FAULT))
        say("worker", os.getpid())
        link.say_ready()
        await stop.wait()
        say("stopping")
    asyncio.run(main())
    return then()
"""

Start = Callable[..., "Program"]


class Program:
    """A program under test, with a process group of its own."""

    def __init__(self, script: str, *, hand_on: tuple[int, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, pass_fds=hand_on,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.out = self.process.stdout.fileno()
        self.unread = b""

    def line(self) -> str:
        """The next line that any of its processes says; "" when none of them lives any more."""
        ends_at = time.monotonic() + SECONDS
        while b"\n" not in self.unread:
            readable, _, _ = select.select([self.out], [], [], ends_at - time.monotonic())
            assert readable, f"it did not come; so far: {self.unread!r}"
            octets = os.read(self.out, 4_096)
            if not octets:
                return ""
            self.unread += octets
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode()

    def lines(self, number: int) -> list[str]:
        return [self.line() for _ in range(number)]

    def worker(self) -> int:
        """The pid that a worker says next."""
        word, pid = self.line().split()
        assert word == "worker"
        return int(pid)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def signal_group(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def journal(self) -> list[dict[str, object]]:
        """What it has told, once it has ended."""
        assert self.process.stderr is not None
        told = self.process.stderr.read().splitlines()
        return [json.loads(line) for line in told if line.startswith(b"{")]

    def events(self) -> list[object]:
        return [one["event"] for one in self.journal()]

    def tear_down(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def start() -> Iterator[Start]:
    programs: list[Program] = []

    def start(script: str, *, hand_on: tuple[int, ...] = ()) -> Program:
        programs.append(Program(script, hand_on=hand_on))
        return programs[-1]

    yield start
    for program in programs:
        program.tear_down()


def test_it_says_when_the_worker_serves_and_ends_with_it(start: Start) -> None:
    """SIGTERM: the worker finishes what is in flight; the supervisor exits 0 (issue 4)."""
    program = start("supervise(serve)")
    program.worker()
    assert program.line() == "ready"
    program.signal(signal.SIGTERM)
    assert program.lines(3) == ["stopping", "ended 0", ""]
    assert program.process.wait(SECONDS) == 0


def test_ctrl_c_reaches_the_worker_through_the_supervisor_alone(start: Start) -> None:
    """A terminal sends SIGINT to the whole group: the worker leaves it to the supervisor and stops in good order."""
    program = start("supervise(serve)")
    program.worker()
    assert program.line() == "ready"
    program.signal_group(signal.SIGINT)
    assert program.lines(3) == ["stopping", "ended 0", ""]
    assert b"KeyboardInterrupt" not in program.process.communicate()[1]


def test_a_term_for_the_whole_group_is_a_usual_stop(start: Start) -> None:
    """What `systemctl stop` and container runtimes do."""
    program = start("supervise(serve)")
    program.worker()
    assert program.line() == "ready"
    program.signal_group(signal.SIGTERM)
    assert program.lines(3) == ["stopping", "ended 0", ""]


def test_a_worker_that_dies_is_replaced(start: Start) -> None:
    program = start("supervise(serve)")
    first = program.worker()
    assert program.line() == "ready"
    os.kill(first, signal.SIGKILL)
    second = program.worker()    # and it is not told again that all is ready
    assert first != second
    program.signal(signal.SIGTERM)
    assert program.lines(2) == ["stopping", "ended 0"]
    assert program.events() == ["worker-ready", "worker-died", "worker-ready"]


def test_a_connection_that_waits_is_served_by_the_next_worker(start: Start) -> None:
    """DESIGN 8: the supervisor keeps the sockets open for ever, so a worker's death loses no waiting connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = start(f"""
sock = socket.socket(fileno={listening.fileno()})
started = os.pipe()
def work(link):
    say("worker", os.getpid())
    if os.read(started[0], 1) != b"1":    # the first one takes nobody
        connection, _ = sock.accept()
        connection.sendall(b"%d" % os.getpid())
    link.say_ready()
    signal.pause()
os.write(started[1], b"12")
supervise(work)
""", hand_on=(listening.fileno(),))  # fmt: skip
        first = program.worker()
        with socket.create_connection(listening.getsockname()) as waiting:
            waiting.settimeout(SECONDS)
            assert program.line() == "ready"
            os.kill(first, signal.SIGKILL)
            second = program.worker()
            assert waiting.recv(100) == b"%d" % second


def test_a_hangup_is_handed_on(start: Start) -> None:
    """SIGHUP: certificates are read again, nothing else happens."""
    program = start("supervise(serve)")
    program.worker()
    assert program.line() == "ready"
    program.signal(signal.SIGHUP)
    assert program.line() == "reloaded"
    program.signal(signal.SIGTERM)
    assert program.lines(2) == ["stopping", "ended 0"]


def test_a_hangup_stops_a_server_that_lives_in_a_terminal(start: Start) -> None:
    program = start("supervise(serve, hangup=Hangup.STOPS)")
    program.worker()
    assert program.line() == "ready"
    program.signal(signal.SIGHUP)
    assert program.lines(2) == ["stopping", "ended 0"]


def test_a_worker_ends_at_once_when_its_supervisor_is_gone(start: Start) -> None:
    """Whoever starts a new supervisor must find the data directory free: never two writers."""
    program = start("supervise(serve)")
    program.worker()
    assert program.line() == "ready"
    program.signal(signal.SIGKILL)
    assert program.line() == ""    # nobody holds its standard output any more, the worker included


def test_a_worker_that_does_not_stop_is_killed(start: Start) -> None:
    program = start("""
def work(link):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    link.say_ready()
    while True: signal.pause()
supervise(work, stop_seconds_max=0.05)
""")
    assert program.line() == "ready"
    program.signal(signal.SIGTERM)
    assert program.line() == "ended 70"
    assert "worker-killed" in program.events()


def test_a_stop_asked_for_twice_is_the_same_stop(start: Start) -> None:
    """Some send both to the process and to its group; what is in flight is finished all the same."""
    program = start("supervise(serve)")
    program.worker()
    assert program.line() == "ready"
    for _ in range(3):
        program.signal(signal.SIGTERM)
    assert program.lines(2) == ["stopping", "ended 0"]


def test_a_worker_that_ends_badly_when_stopped_is_a_fault(start: Start) -> None:
    program = start("supervise(lambda link: serve(link, lambda: ExitCode.FAULT))")
    program.worker()
    assert program.line() == "ready"
    program.signal(signal.SIGTERM)
    assert program.lines(2) == ["stopping", "ended 70"]


def test_a_worker_that_goes_on_dying_is_given_up(start: Start) -> None:
    """It will not get better by itself: exit 1, with a line that says where to look."""
    program = start("""
def work(link):
    link.say_ready()
    os.kill(os.getpid(), signal.SIGKILL)
supervise(work, deaths_at_once_max=3, pause_seconds_min=0.01)
""")
    assert program.lines(2) == ["ready", "ended 1"]
    told = program.journal()
    assert [one["event"] for one in told].count("worker-died") == 3
    assert told[-1]["event"] == "supervisor-gave-up"
    assert "SIGKILL" in str(told[-2]["how"])


def test_a_worker_that_cannot_start_is_not_tried_again(start: Start) -> None:
    program = start("supervise(lambda link: ExitCode.CANNOT_START)")
    assert program.line() == "ended 78"
    assert program.events() == ["worker-died", "supervisor-gave-up"]


def test_a_bug_before_anything_serves_is_not_tried_again(start: Start) -> None:
    """It would be the same bug; its traceback is told once."""
    program = start("supervise(lambda link: 1 / 0)")
    assert program.line() == "ended 78"
    (failed, *_) = program.journal()
    assert failed["event"] == "worker-failed"
    assert "ZeroDivisionError" in str(failed["traceback"])


def test_a_bug_that_ends_a_serving_worker_is_survived(start: Start) -> None:
    program = start("""
def work(link):
    if os.read(started[0], 1) == b"1":
        link.say_ready()
        raise ValueError("once")
    return serve(link)
started = os.pipe()
os.write(started[1], b"12")
supervise(work)
""")
    assert program.line() == "ready"
    program.worker()
    program.signal(signal.SIGTERM)
    assert program.lines(2) == ["stopping", "ended 0"]
    assert "worker-failed" in program.events()


def test_a_stop_during_a_pause_needs_no_worker(start: Start) -> None:
    program = start("""
def work(link):
    link.say_ready()
    os.kill(os.getpid(), signal.SIGKILL)
supervise(work, pause_seconds_min=1000, pause_seconds_max=1000)
""")
    assert program.line() == "ready"
    assert program.process.stderr is not None
    while b"worker-died" not in program.process.stderr.readline():
        pass
    while b"worker-died" not in program.process.stderr.readline():
        pass
    program.signal(signal.SIGTERM)
    assert program.line() == "ended 0"


def test_a_term_in_a_workers_first_moment_is_not_lost(start: Start) -> None:
    """It has no handler of its own yet, and must not have the supervisor's, which would swallow the signal."""
    program = start("""
def work(link):
    say("worker", os.getpid())
    signal.pause()    # still far from its loop
supervise(work)
""")
    program.worker()
    program.signal(signal.SIGTERM)
    assert program.line() == "ended 0"


def test_what_was_printed_before_the_fork_is_printed_once(start: Start) -> None:
    program = start("""
print("once")
supervise(serve)
""")
    assert program.line() == "once"
    program.worker()
    assert program.line() == "ready"
    program.signal(signal.SIGTERM)
    assert program.lines(3) == ["stopping", "ended 0", ""]


def test_handlers_are_as_before_when_it_has_ended(start: Start) -> None:
    program = start("""
before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
supervise(lambda link: ExitCode.CANNOT_START)
say((signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before)
""")
    assert program.lines(2) == ["ended 78", "True"]


def test_as_many_descriptors_as_allowed_are_asked_for(start: Start) -> None:
    """Linux grants 1,024 by default: half of what 2,000 sessions need."""
    program = start("""
import resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
granted = raise_descriptor_limit()
say(granted == resource.getrlimit(resource.RLIMIT_NOFILE)[0], granted >= min(hard, 4096))
say(raise_descriptor_limit() == granted)
""")
    assert program.lines(2) == ["True True", "True"]
